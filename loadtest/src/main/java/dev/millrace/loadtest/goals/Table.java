// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import java.util.List;
import java.util.stream.IntStream;

/** A table of goals, of which a command measures one. */
public enum Table {
  /** The gateway beside what it is measured by. */
  BASELINES("Baselines"),

  /** The gateway's scheduler, on the wire; row 7 is of its pieces, and measured with them. */
  SCHEDULING("Scheduling");

  private final String title;

  Table(String title) {
    this.title = title;
  }

  /** For reports. */
  public String title() {
    return title;
  }

  /** The numbers of its rows, ascending. */
  public List<Integer> rows() {
    return switch (this) {
      case BASELINES -> IntStream.rangeClosed(1, 10).boxed().toList();
      case SCHEDULING -> List.of(1, 2, 3, 4, 5, 6, 8);
    };
  }
}
