// SPDX-License-Identifier: Apache-2.0
/**
 * What is sent: requests made once from a model's metadata and the user's data, and the answers
 * expected.
 */
@NullMarked
package dev.millrace.loadtest.workload;

import org.jspecify.annotations.NullMarked;
