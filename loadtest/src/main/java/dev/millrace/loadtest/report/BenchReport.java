// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All that a report is written from.
 *
 * @param date when the bench began
 * @param target that was measured, HOST:PORT
 * @param options that the user gave or left at their defaults, in the order to show them
 * @param end why it ended
 * @param notes what a reader should know, a line each
 */
public record BenchReport(
    Instant date,
    String target,
    Map<String, String> options,
    End end,
    List<String> notes,
    Findings findings) {

  /** Why a bench ended. */
  public enum End {
    /** All was measured. */
    NORMAL,
    /** The user had seen enough. */
    CANCEL;

    /** As ghz writes it. */
    String ghzName() {
      return switch (this) {
        case NORMAL -> "normal";
        case CANCEL -> "cancel";
      };
    }
  }

  public BenchReport {
    options = Collections.unmodifiableMap(new LinkedHashMap<>(options));
    notes = List.copyOf(notes);
  }
}
