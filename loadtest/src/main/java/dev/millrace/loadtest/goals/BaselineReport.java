// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import java.time.Instant;
import java.util.List;

/**
 * All that a report of the baselines is written from.
 *
 * @param table whose rows were measured
 * @param date when measuring began
 * @param machine in words
 * @param software versions, in words
 * @param layout where servers and load ran
 * @param command that makes it again
 * @param seconds that it took
 * @param notes on all of it, a line each
 */
public record BaselineReport(
    Table table,
    Instant date,
    String machine,
    String software,
    String layout,
    String command,
    double seconds,
    List<RowResult> rows,
    List<String> notes) {
  public BaselineReport {
    rows = List.copyOf(rows);
    notes = List.copyOf(notes);
  }
}
