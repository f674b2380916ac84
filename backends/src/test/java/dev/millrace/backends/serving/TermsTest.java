// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.repository.Scheduling;
import dev.millrace.backends.repository.Scheduling.Mode;
import dev.millrace.backends.repository.Scheduling.QueuePolicy;
import dev.millrace.backends.repository.Scheduling.TimeoutAction;
import dev.millrace.backends.repository.Scheduling.TritonBatching;
import dev.millrace.backends.serving.Terms.Asked;
import java.util.Map;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TermsTest {
  private static final long NOW = 1_000_000_000_000L;
  private static final long NEVER = Long.MAX_VALUE;
  private static final long MILLI = 1_000_000;

  private static Scheduling scheduling(
      Mode mode, long sloNanos, int levels, QueuePolicy policy, boolean strict) {
    return new Scheduling(
        mode,
        sloNanos,
        Scheduling.DEFAULT.maxQueueNanos(),
        levels,
        (levels + 1) / 2,
        policy,
        Map.of(),
        strict,
        TritonBatching.DEFAULT);
  }

  private static Scheduling levels(Mode mode, int levels) {
    return scheduling(mode, 0, levels, QueuePolicy.NONE, true);
  }

  // --- deadlines

  @Test
  void theDeadlineIsTheCallersOwn() throws InferException {
    Scheduling slo = scheduling(Mode.AUTO, 25 * MILLI, 0, QueuePolicy.NONE, true);

    Terms terms = Terms.of(slo, NOW, Asked.until(NOW + 3_600_000 * MILLI));

    assertThat(terms.deadlineNanos()).isEqualTo(NOW + 3_600_000 * MILLI);
    assertThat(terms.callerDeadlineNanos()).isEqualTo(NOW + 3_600_000 * MILLI);
  }

  @Test
  void withoutOneItIsTheModelsWhichSaysNothingOfASecondTry() throws InferException {
    Scheduling slo = scheduling(Mode.AUTO, 25 * MILLI, 0, QueuePolicy.NONE, true);

    Terms terms = Terms.of(slo, NOW, Asked.until(NEVER));

    assertThat(terms.deadlineNanos()).isEqualTo(NOW + 25 * MILLI);
    assertThat(terms.callerDeadlineNanos()).isEqualTo(NEVER);
  }

  @Test
  void withoutAnyThereIsNone() throws InferException {
    Terms terms = Terms.of(Scheduling.DEFAULT, NOW, Asked.until(NEVER));

    assertThat(terms).isEqualTo(Terms.until(NEVER));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 5, 5",
    "5, 0, 5",
    "5, -7, -2",
    "-5, 9223372036854775807, 9223372036854775802",
    "5, 9223372036854775807, 9223372036854775807",
    "9223372036854775000, 808, 9223372036854775807",
    "9223372036854775807, 1, 9223372036854775807"
  })
  void aTimeBeyondALongIsTheLastThereIs(long now, long nanos, long then) {
    assertThat(Terms.after(now, nanos)).isEqualTo(then);
  }

  // --- priorities

  @ParameterizedTest
  @CsvSource({"0,1", "1,0", "2,1", "3,2"})
  void theFirstLevelIsTheHighestAndNoneIsTheDefault(long asked, int priority)
      throws InferException {
    assertThat(Terms.of(levels(Mode.AUTO, 3), NOW, new Asked(NEVER, asked, 0, 0)).priority())
        .isEqualTo(priority);
  }

  @Test
  void aLevelThatThereIsNotIsAnError() {
    assertThatThrownBy(() -> Terms.of(levels(Mode.AUTO, 3), NOW, new Asked(NEVER, 4, 0, 0)))
        .asInstanceOf(InstanceOfAssertFactories.type(InferException.class))
        .extracting(InferException::failure)
        .isEqualTo(Failure.invalid("priority: 4 (expected 0..3)"));
    assertThatThrownBy(() -> Terms.of(levels(Mode.TRITON, 3), NOW, new Asked(NEVER, -1, 0, 0)))
        .hasMessage("priority: -1 (expected 0..3)");
    assertThatThrownBy(() -> Terms.of(levels(Mode.AUTO, 0), NOW, new Asked(NEVER, -1, 0, 0)))
        .hasMessage("priority: -1 (expected 0 or more)");
  }

  @Test
  void toTritonALevelThatThereIsNotIsTheDefault() throws InferException {
    assertThat(Terms.of(levels(Mode.TRITON, 3), NOW, new Asked(NEVER, 4, 0, 0)).priority())
        .isEqualTo(1);
  }

  @Test
  void whereAllAreAlikeAPriorityHasNoEffect() throws InferException {
    assertThat(Terms.of(levels(Mode.AUTO, 0), NOW, new Asked(NEVER, 7, 0, 0)).priority()).isZero();
  }

  @Test
  void aLevelHasItsOwnPolicy() throws InferException {
    Scheduling scheduling =
        new Scheduling(
            Mode.TRITON,
            0,
            1,
            2,
            1,
            new QueuePolicy(0, 5 * MILLI, TimeoutAction.REJECT, false),
            Map.of(2, new QueuePolicy(0, 9 * MILLI, TimeoutAction.DELAY, false)),
            true,
            TritonBatching.DEFAULT);

    Terms high = Terms.of(scheduling, NOW, new Asked(NEVER, 1, 0, 0));
    Terms low = Terms.of(scheduling, NOW, new Asked(NEVER, 2, 0, 0));

    assertThat(high.startByNanos()).isEqualTo(NOW + 5 * MILLI);
    assertThat(high.isDelayable()).isFalse();
    assertThat(low.startByNanos()).isEqualTo(NOW + 9 * MILLI);
    assertThat(low.isDelayable()).isTrue();
  }

  // --- timeouts

  /** Milliseconds; -1 for never. */
  @ParameterizedTest
  @CsvSource({
    // mode, strict, override allowed, the policy's, the request's, what counts
    "AUTO, true, false, 0, 0, -1",
    "AUTO, true, false, 0, 7, 7",
    "AUTO, true, false, 5, 0, 5",
    "AUTO, true, false, 5, 7, 5",
    "AUTO, true, false, 5, 3, 3",
    "TRITON, true, false, 5, 3, 5",
    "TRITON, true, true, 5, 3, 3",
    "TRITON, true, true, 5, 7, 5",
    "TRITON, true, true, 0, 7, -1",
    "TRITON, false, true, 0, 7, 7",
    "TRITON, false, true, 5, 7, 5",
    "TRITON, false, false, 0, 7, -1"
  })
  void aRequestCanOnlyShortenItsTimeout(
      Mode mode, boolean strict, boolean allowed, long policys, long asked, long counts)
      throws InferException {
    QueuePolicy policy = new QueuePolicy(0, policys * MILLI, TimeoutAction.REJECT, allowed);

    Terms terms =
        Terms.of(scheduling(mode, 0, 0, policy, strict), NOW, new Asked(NEVER, 0, asked * 1000, 0));

    assertThat(terms.startByNanos()).isEqualTo(counts < 0 ? NEVER : NOW + counts * MILLI);
    assertThat(terms.deadlineNanos()).isEqualTo(NEVER);
  }

  @Test
  void anEndlessTimeoutIsNone() throws InferException {
    Terms terms = Terms.of(Scheduling.DEFAULT, NOW, new Asked(NEVER, 0, Long.MAX_VALUE, 0));

    assertThat(terms.startByNanos()).isEqualTo(NEVER);
  }

  @Test
  void aTimeoutBelowZeroIsAnError() {
    assertThatThrownBy(() -> Terms.of(Scheduling.DEFAULT, NOW, new Asked(NEVER, 0, -5, 0)))
        .hasMessage("timeout: -5 (expected 0 or more, in microseconds)");
  }
}
