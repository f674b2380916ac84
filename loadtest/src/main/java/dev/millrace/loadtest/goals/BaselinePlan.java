// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import java.util.OptionalDouble;

/**
 * What is to be measured.
 *
 * @param table whose rows
 * @param effort for the rows, and which
 * @param soakMinutes of the last row of the baselines; empty to leave it out
 * @param command that makes it again, for the report
 */
public record BaselinePlan(
    Table table, Effort effort, OptionalDouble soakMinutes, String command) {}
