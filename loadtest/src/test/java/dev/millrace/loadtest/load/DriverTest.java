// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class DriverTest {
  private static final LoadShape CLOSED = new LoadShape.ClosedLoop(1);
  private static final LoadShape OPEN = new LoadShape.OpenLoop(seed -> () -> 0, 1);

  private final Stop stop = new Stop();
  private final FakeRun run = new FakeRun();
  private final Driver driver =
      new Driver(shape -> run, () -> run.events.add("close"), 1_000_000, stop, Observer.NONE);

  /** Gives prepared samples, whatever the time. */
  private static final class FakeRun implements LoadGenerator.Run {
    private final Deque<Measurement> samples = new ArrayDeque<>();
    private final List<String> events = new ArrayList<>();
    private boolean done;

    @Override
    public Measurement sample() {
      events.add("sample");
      return samples.removeFirst();
    }

    @Override
    public void stop() {
      events.add("stop");
    }

    @Override
    public boolean isDone() {
      return done;
    }
  }

  private void samples(long... rates) {
    for (long rate : rates) {
      run.samples.add(Samples.ok(1, rate, 1_000_000));
    }
  }

  @Test
  void aClosedLoopEndsWithWhatWasAnsweredInTime() throws Exception {
    samples(100, 200, 300);

    Observation seen = driver.measure(CLOSED, 3_000_000_000L);

    assertThat(seen.total().rate()).isEqualTo(200);
    assertThat(seen.windows()).extracting(Window::rate).containsExactly(100.0, 200.0, 300.0);
    assertThat(seen.windows()).extracting(Window::seconds).containsExactly(1.0, 2.0, 3.0);
    assertThat(run.events).endsWith("stop").hasSize(4);
  }

  @Test
  void anOpenLoopWaitsForWhatIsOpen() throws Exception {
    samples(100, 100, 10);

    Observation seen = driver.measure(OPEN, 2_000_000_000L);

    assertThat(seen.total().ok()).isEqualTo(210);
    assertThat(seen.total().seconds()).isEqualTo(2);
    assertThat(run.events).containsExactly("sample", "sample", "stop", "sample");
  }

  @Test
  void endsWithTheSchedule() throws Exception {
    samples(100, 0);
    run.done = true;

    assertThat(driver.measure(OPEN, Long.MAX_VALUE).total().ok()).isEqualTo(100);
  }

  @Test
  void aClosedLoopGoesOnWhenNothingIsOpen() throws Exception {
    samples(100, 0, 100);
    run.done = true;

    assertThat(driver.measure(CLOSED, 3_000_000_000L).total().ok()).isEqualTo(200);
  }

  @Test
  void returnsWhatThereIsWhenTheUserHasSeenEnough() throws Exception {
    samples(100);
    stop.ask();

    assertThat(driver.measure(CLOSED, Long.MAX_VALUE).total().ok()).isEqualTo(100);
  }

  @Test
  void warmsUpUntilTwoRatesInARowAgree() throws Exception {
    samples(10_000, 20_000, 30_000, 30_500, 7);

    driver.warmUp(CLOSED, new WarmUp.UntilStable(1_000_000, 60_000_000_000L));

    assertThat(run.samples).hasSize(1);
  }

  @Test
  void goesOnWithAServerThatNeverSettles() throws Exception {
    samples(10_000, 20_000, 10_000, 20_000);

    driver.warmUp(CLOSED, new WarmUp.UntilStable(1_000_000, 3_000_000_000L));

    assertThat(run.samples).hasSize(1);
  }

  @Test
  void withoutWarmUpNothingIsSent() throws Exception {
    driver.warmUp(CLOSED, new WarmUp.For(0));

    assertThat(run.events).isEmpty();
  }
}
