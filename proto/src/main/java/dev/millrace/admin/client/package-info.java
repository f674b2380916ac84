// SPDX-License-Identifier: Apache-2.0
/**
 * For programs that deploy: {@link AdminClient} asks a gateway's administration, {@link Outcome} is
 * what came of a deployment, {@link AdminException} what went wrong. The connection is the
 * caller's.
 */
@NullMarked
package dev.millrace.admin.client;

import org.jspecify.annotations.NullMarked;
