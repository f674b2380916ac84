// SPDX-License-Identifier: Apache-2.0
/** Files that are to be whole whatever happens: replaced at once, synced, records in them. */
@NullMarked
package dev.millrace.backends.storage;

import org.jspecify.annotations.NullMarked;
