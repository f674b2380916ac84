// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.changes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.loadtest.load.Observer;
import dev.millrace.loadtest.load.Stop;
import dev.millrace.loadtest.process.Children;
import dev.millrace.loadtest.process.ClassPathGateway;
import dev.millrace.loadtest.process.Server;
import dev.millrace.loadtest.report.ChangesText;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A gateway that is changed under load, in a process of its own. */
final class ChangesRunTest {
  /** Little load: the machine that runs tests has other work. */
  private static final ChangesPlan PLAN = new ChangesPlan(200, 1, 2, 4, 10, 3, 2, 0.3);

  @Test
  @Timeout(300)
  void noRequestFailsWhateverIsChangedAndTheBadCanaryTakesItselfBack() throws Exception {
    try (Children children = Children.create()) {
      Path folder = Files.createDirectories(children.folder().resolve("changes"));
      try (Server server = ClassPathGateway.start(children, folder.resolve("data"))) {
        ChangesReport report =
            ChangesRun.run(PLAN, server, folder, "from the class path", new Stop(), Observer.NONE);
        ChangesText.lines(report).forEach(System.out::println);

        assertThat(report.faults()).isEmpty();
        assertThat(report.quiet().ok()).isGreaterThan(500);
        assertThat(report.changing().ok()).isGreaterThan(500);
        assertThat(report.changing().failed()).isZero();
        assertThat(report.changing().wrong()).isZero();
        ChangeTimes times = report.times();
        assertThat(times.swaps()).hasSize(10);
        assertThat(times.scales()).hasSize(3);
        assertThat(times.scaleUps()).hasSize(1);
        assertThat(times.canaries())
            .extracting(CanaryResult::isGood)
            .isEqualTo(List.of(true, false));
        CanaryResult bad = times.canaries().getLast();
        assertThat(bad.isDone()).isFalse();
        assertThat(bad.reason()).contains("p99");
      }
    }
  }
}
