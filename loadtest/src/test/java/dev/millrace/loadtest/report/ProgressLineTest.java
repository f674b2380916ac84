// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

final class ProgressLineTest {
  private final StringWriter err = new StringWriter();

  private void show(boolean isTerminal) {
    ProgressLine line = new ProgressLine(new PrintWriter(err), isTerminal);
    line.phase("warm-up");
    line.window(2, Reports.FAILING);
    line.note("12/s: met");
    line.phase("");
  }

  @Test
  void aTerminalHasOneLineThatIsWrittenOver() {
    show(true);

    assertThat(err)
        .hasToString(
            "\r\033[Kwarm-up"
                + "\r\033[Kwarm-up  2 s  9,000/s  p50 5.00 ms  p99 9.90 ms  failed 10,000"
                + "\r\033[K12/s: met"
                + System.lineSeparator()
                + "\r\033[K");
  }

  @Test
  void elsewhereOnlyNotesAreShown() {
    show(false);

    assertThat(err).hasToString("12/s: met" + System.lineSeparator());
  }
}
