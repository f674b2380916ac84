// SPDX-License-Identifier: Apache-2.0
/** What applications call: deployments as they are declared, and how versions replace others. */
@NullMarked
package dev.millrace.backends.deployment;

import org.jspecify.annotations.NullMarked;
