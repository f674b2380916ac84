// SPDX-License-Identifier: Apache-2.0
/** What the request path has to reach, and the measurements that show whether it does. */
@NullMarked
package dev.millrace.loadtest.goals;

import org.jspecify.annotations.NullMarked;
