// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Stepped by numbers: a run begins at 1000, nothing is suspect before 100, nor ended before 500.
 */
@Timeout(30)
class RunWatchTest {
  private static final RunLimits LIMITS = new RunLimits(100, 500, 0);
  private static final long BEGIN = 1000;
  private static final long UNKNOWN = Long.MAX_VALUE;

  private final FakeRunner runner = new FakeRunner();
  private final AtomicInteger suspects = new AtomicInteger();
  private final LongAdder terminated = new LongAdder();
  private final RunWatch watch = watch(LIMITS);

  private RunWatch watch(RunLimits limits) {
    return new RunWatch("m", runner, limits, suspects, terminated);
  }

  private static void look(RunWatch watch, long afterBegin) {
    watch.look(BEGIN + afterBegin, 0, 0);
  }

  @Test
  void isSuspectAfterFourTimesWhatWasExpected() {
    watch.begin(BEGIN, BEGIN, 50);
    look(watch, 200);
    assertThat(suspects).hasValue(0);

    look(watch, 201);
    look(watch, 202);

    assertThat(suspects).hasValue(1);
    watch.end();
    assertThat(suspects).hasValue(0);
    assertThat(watch.lastTerminatedNanos()).isZero();
  }

  @Test
  void isNotSuspectBeforeTheFloor() {
    watch.begin(BEGIN, BEGIN, 1);
    look(watch, 100);
    assertThat(suspects).hasValue(0);
    look(watch, 101);
    assertThat(suspects).hasValue(1);
  }

  @Test
  void isTerminatedOnceAfterTenTimesWhatWasExpected() {
    watch.begin(BEGIN, BEGIN, 60);
    look(watch, 600);
    assertThat(runner.terminations).hasValue(0);

    look(watch, 601);
    look(watch, 5000);

    assertThat(runner.terminations).hasValue(1);
    assertThat(terminated.sum()).isEqualTo(1);
    assertThat(suspects).as("until it returns").hasValue(1);
    watch.end();
    assertThat(watch.lastTerminatedNanos()).isEqualTo(601);
    assertThat(suspects).hasValue(0);
  }

  @Test
  void isNotTerminatedBeforeTheFloorNorBeforeTheLastDeadline() {
    watch.begin(BEGIN, BEGIN, 1);
    look(watch, 500);
    assertThat(runner.terminations).hasValue(0);
    look(watch, 501);
    assertThat(runner.terminations).hasValue(1);
    watch.end();

    watch.begin(BEGIN, BEGIN + 800, 1);
    look(watch, 800);
    assertThat(runner.terminations).hasValue(1);
    look(watch, 801);
    assertThat(runner.terminations).hasValue(2);
  }

  @Test
  void maxRunTimeReplacesTheRule() {
    RunWatch limited = watch(LIMITS.withMaxRunNanos(30));
    limited.begin(BEGIN, BEGIN + 800, 60);
    look(limited, 30);
    assertThat(runner.terminations).hasValue(0);
    look(limited, 31);
    assertThat(runner.terminations).hasValue(1);
    limited.end();

    RunWatch patient = watch(LIMITS.withMaxRunNanos(10_000));
    patient.begin(BEGIN, BEGIN, 1);
    look(patient, 10_000);
    assertThat(runner.terminations).hasValue(1);
    assertThat(suspects).hasValue(1);
  }

  @Test
  void takesARunOfUnknownCostForALongOne() {
    watch.begin(BEGIN, BEGIN, UNKNOWN);
    look(watch, 4 * 500);
    assertThat(suspects).hasValue(0);
    look(watch, 4 * 500 + 1);
    assertThat(suspects).hasValue(1);
    look(watch, 10 * 500);
    assertThat(runner.terminations).hasValue(0);
    look(watch, 10 * 500 + 1);
    assertThat(runner.terminations).hasValue(1);
  }

  @Test
  void doesNotCountTheTimeInWhichTheJanitorDidNotGetToRunEither() {
    watch.begin(BEGIN, BEGIN, 1);
    watch.look(BEGIN + 50, 7000, 7000);
    watch.look(BEGIN + 2050, 9000, 7000); // of which it was away for 2000
    assertThat(suspects).hasValue(0);
    watch.look(BEGIN + 2101, 9000, 9000);
    assertThat(suspects).hasValue(1);
  }

  @Test
  void looksAtEachRunAnew() {
    for (int i = 0; i < 3; i++) {
      watch.begin(BEGIN, BEGIN, 1);
      look(watch, 501);
      watch.end();
      assertThat(watch.lastTerminatedNanos()).isEqualTo(501);

      watch.begin(BEGIN + 501, BEGIN + 501, 1);
      look(watch, 550);
      watch.end();
      assertThat(watch.lastTerminatedNanos()).isZero();
    }
    look(watch, 9000);
    assertThat(runner.terminations).hasValue(3);
    assertThat(suspects).hasValue(0);
  }

  @Test
  void terminatesOnRequestWhatIsSuspectOnly() {
    watch.begin(BEGIN, BEGIN, 1);
    look(watch, 50);
    assertThat(watch.terminateSuspect(BEGIN + 50)).isFalse();
    look(watch, 101);
    assertThat(watch.terminateSuspect(BEGIN + 102)).isTrue();
    assertThat(watch.terminateSuspect(BEGIN + 103)).isFalse();
    watch.end();
    assertThat(watch.lastTerminatedNanos()).isEqualTo(102);
    assertThat(watch.terminateSuspect(BEGIN + 104)).isFalse();
    assertThat(runner.terminations).hasValue(1);
  }

  /** Everything lasts too long, and nothing lasts. */
  @Test
  void neverTerminatesOutsideOfARun() throws Exception {
    RunWatch hasty = watch(new RunLimits(1, 1, 0));
    AtomicBoolean done = new AtomicBoolean();
    Thread janitor =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!done.get()) {
                    hasty.look(Long.MAX_VALUE / 2, 0, 0);
                  }
                });
    int ended = 0;
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(300);
    for (long now = 1; System.nanoTime() < end; now++) {
      int before = runner.terminations.get();
      runner.running = true;
      hasty.begin(now, now, 1);
      for (int i = 0; i < now % 100; i++) {
        Thread.onSpinWait();
      }
      hasty.end();
      runner.running = false;
      boolean terminatedNow = hasty.lastTerminatedNanos() > 0;
      assertThat(runner.terminations.get() - before).isEqualTo(terminatedNow ? 1 : 0);
      ended += terminatedNow ? 1 : 0;
    }
    done.set(true);
    janitor.join();

    assertThat(ended).isPositive();
    assertThat(terminated.sum()).isEqualTo(ended);
    assertThat(runner.outside).hasValue(0);
    assertThat(suspects).hasValue(0);
  }

  /** Is told only. */
  private static final class FakeRunner implements Runner {
    final AtomicInteger terminations = new AtomicInteger();
    final AtomicInteger outside = new AtomicInteger();
    volatile boolean running = true;

    @Override
    public OutputTensor[] run(List<? extends ModelInputs> requests, int rows) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void terminate() {
      terminations.incrementAndGet();
      if (!running) {
        outside.incrementAndGet();
      }
    }

    @Override
    public RunTimes lastTimes() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
  }
}
