// SPDX-License-Identifier: Apache-2.0
/** The registry that the gateway keeps itself: immutable versions of models, with aliases. */
@NullMarked
package dev.millrace.backends.registry;

import org.jspecify.annotations.NullMarked;
