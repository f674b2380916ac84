// SPDX-License-Identifier: Apache-2.0
/** What a user sees of a measurement: line, table, JSON, page. */
@NullMarked
package dev.millrace.loadtest.report;

import org.jspecify.annotations.NullMarked;
