// SPDX-License-Identifier: Apache-2.0
/** What two versions have answered to the same request, compared and counted. */
@NullMarked
package dev.millrace.backends.shadow;

import org.jspecify.annotations.NullMarked;
