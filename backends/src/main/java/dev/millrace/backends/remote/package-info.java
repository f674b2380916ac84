// SPDX-License-Identifier: Apache-2.0
/** Registries on other machines, and the cache of what was fetched from them. */
@NullMarked
package dev.millrace.backends.remote;

import org.jspecify.annotations.NullMarked;
