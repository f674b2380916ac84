// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.loadtest.workload.WorkloadException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ArrivalSpecTest {
  private static final double ENDLESS = Double.POSITIVE_INFINITY;

  @Test
  void constantArrivalsAreEvenlySpacedFromTheBeginning() {
    List<Long> moments = Moments.of(parse("4", "constant", ENDLESS), 5);

    assertThat(moments)
        .containsExactly(0L, 250_000_000L, 500_000_000L, 750_000_000L, 1_000_000_000L);
  }

  @Test
  void constantArrivalsDoNotDriftOverAnHour() {
    ArrivalSchedule schedule = parse("3000", "constant", 3601);

    long last = 0;
    for (long i = 0; i <= 3000L * 3600; i++) {
      last = schedule.nextNanos();
    }

    assertThat(last).isEqualTo(3_600_000_000_000L);
  }

  @Test
  void aFixedRateEndsAfterItsDuration() {
    assertThat(Moments.all(parse("1000", "constant", 2.5))).hasSize(2500);
  }

  @ParameterizedTest
  @ValueSource(strings = {"poisson", "burst:10"})
  void randomArrivalsHaveTheRateAskedFor(String arrivals) {
    List<Long> moments = Moments.all(parse("10000", arrivals, 20));

    // 20 standard deviations of the count are below 4 percent here
    assertThat((double) moments.size()).isCloseTo(200_000, within(8_000.0));
    assertThat(moments).isSorted();
  }

  @Test
  void gapsOfPoissonArrivalsAreAsSpreadAsTheyAreLong() {
    List<Long> moments = Moments.all(parse("1000", "poisson", 100));

    double mean = 0;
    double squares = 0;
    for (int i = 1; i < moments.size(); i++) {
      double gap = (moments.get(i) - moments.get(i - 1)) / 1e9;
      mean += gap;
      squares += gap * gap;
    }
    mean /= moments.size() - 1;
    double deviation = Math.sqrt(squares / (moments.size() - 1) - mean * mean);

    assertThat(deviation / mean).isCloseTo(1, within(0.05));
  }

  @Test
  void burstsComeTogether() {
    List<Long> moments = Moments.of(parse("1000", "burst:5", ENDLESS), 500);

    assertThat(moments.stream().distinct().count()).isEqualTo(100);
    assertThat(moments.subList(0, 5)).containsOnly(moments.getFirst());
    assertThat(moments.get(5)).isGreaterThan(moments.getFirst());
  }

  @ParameterizedTest
  @CsvSource({"constant,0.001", "poisson,0.05", "burst:2,0.05"})
  void stepsHoldEachLevelForItsTime(String arrivals, double margin) {
    List<Long> moments = Moments.all(parse("step:1000,5000,2000@10s", arrivals, ENDLESS));

    assertThat((double) Moments.between(moments, 0, 10)).isCloseTo(1e4, within(1e4 * 2 * margin));
    assertThat((double) Moments.between(moments, 10, 20)).isCloseTo(5e4, within(5e4 * margin));
    assertThat((double) Moments.between(moments, 20, 30)).isCloseTo(2e4, within(2e4 * margin));
    assertThat(Moments.between(moments, 30, 1e6)).isZero();
    assertThat(moments).isSorted();
  }

  @ParameterizedTest
  @CsvSource({"constant,0.001", "poisson,0.05"})
  void rampsRiseInAStraightLine(String arrivals, double margin) {
    List<Long> moments = Moments.all(parse("ramp:1000..3000@40s", arrivals, ENDLESS));

    assertThat((double) moments.size()).isCloseTo(80_000, within(80_000 * margin));
    // means over quarters: 1250, 1750, 2250, 2750
    for (int quarter = 0; quarter < 4; quarter++) {
      double expected = 10 * (1250 + 500 * quarter);
      assertThat((double) Moments.between(moments, quarter * 10, quarter * 10 + 10))
          .isCloseTo(expected, within(expected * margin * 2));
    }
    assertThat(moments).isSorted();
  }

  @Test
  void aRampMayBeginOrEndAtNothing() {
    assertThat(Moments.all(parse("ramp:0..1000@2s", "constant", ENDLESS))).hasSize(1000);
    List<Long> falling = Moments.all(parse("ramp:1000..0@2s", "constant", ENDLESS));
    assertThat(falling).hasSize(1000).isSorted();
    assertThat(falling.getLast()).isBetween(1_900_000_000L, 2_000_000_000L);
  }

  @Test
  void aDurationCutsAProfile() {
    ArrivalSpec steps = ArrivalSpec.parse("step:100,200@10s", "constant", 15);
    ArrivalSpec ramp = ArrivalSpec.parse("ramp:0..200@10s", "constant", 5);

    assertThat(steps.seconds()).isEqualTo(15);
    assertThat(steps.requests()).isEqualTo(2000);
    assertThat(ramp.requests()).isEqualTo(250);
    assertThat(Moments.all(ramp.schedule(1))).hasSize(250);
  }

  @Test
  void aFixedRateWithoutDurationHasNoEnd() {
    ArrivalSpec spec = ArrivalSpec.fixed(100, new ArrivalPattern.Poisson(), ENDLESS);

    assertThat(spec.seconds()).isInfinite();
    assertThat(spec.requests()).isInfinite();
  }

  @ParameterizedTest
  @ValueSource(strings = {"constant", "poisson", "burst:7"})
  void theSameSeedGivesTheSameMoments(String arrivals) {
    ArrivalSpec spec = ArrivalSpec.parse("ramp:100..900@10s", arrivals, ENDLESS);

    assertThat(Moments.all(spec.schedule(7))).isEqualTo(Moments.all(spec.schedule(7)));
  }

  @Test
  void anotherSeedGivesOtherMoments() {
    ArrivalSpec spec = ArrivalSpec.parse("100", "poisson", 10);

    assertThat(Moments.all(spec.schedule(7))).isNotEqualTo(Moments.all(spec.schedule(8)));
  }

  @Test
  void sharesMakeUpTheWholeSchedule() {
    ArrivalSpec spec = ArrivalSpec.parse("1000", "poisson", 5);
    List<Long> together = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      together.addAll(Moments.all(ArrivalSpec.everyNth(spec.schedule(1), i, 3)));
    }
    Collections.sort(together);

    assertThat(together).isEqualTo(Moments.all(spec.schedule(1)));
  }

  @Test
  void aShareTakesTurns() {
    ArrivalSchedule share = ArrivalSpec.everyNth(parse("10", "constant", ENDLESS), 1, 4);

    assertThat(Moments.of(share, 3)).containsExactly(100_000_000L, 500_000_000L, 900_000_000L);
  }

  @Test
  void anEndedScheduleStaysEnded() {
    ArrivalSchedule schedule = parse("1", "constant", 1);

    assertThat(schedule.nextNanos()).isZero();
    assertThat(schedule.nextNanos()).isEqualTo(ArrivalSchedule.END);
    assertThat(schedule.nextNanos()).isEqualTo(ArrivalSchedule.END);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "-5",
        "NaN",
        "Infinity",
        "1e8",
        "step:10,0@1s",
        "ramp:0..0@1s",
        "ramp:-1..5@1s"
      })
  void refusesImpossibleRates(String rate) {
    assertThatThrownBy(() -> ArrivalSpec.parse(rate, "constant", ENDLESS))
        .isInstanceOf(WorkloadException.class)
        .hasMessageStartingWith("--rate: ")
        .hasMessageContaining("requests per second (expected above 0, at most 10000000)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "fast", "step:10,20", "step:10,,20@1s", "ramp:10@1s", "ramp:1..2..3@1s"})
  void refusesRatesOfAnotherForm(String rate) {
    assertThatThrownBy(() -> ArrivalSpec.parse(rate, "constant", ENDLESS))
        .isInstanceOf(WorkloadException.class)
        .hasMessage(
            "--rate: '%s' (expected like 5000, step:1000,5000@10s or ramp:1000..20000@60s)", rate);
  }

  @Test
  void refusesAStepWithoutATime() {
    assertThatThrownBy(() -> ArrivalSpec.parse("step:1,2@soon", "constant", ENDLESS))
        .hasMessage(
            "--rate step:1,2@soon: 'soon' (expected a time above 0, like 10s, 500ms or 2m)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"uniform", "burst", "burst:0", "burst:x", "burst:9999999"})
  void refusesUnknownPatterns(String arrivals) {
    assertThatThrownBy(() -> ArrivalSpec.parse("10", arrivals, ENDLESS))
        .isInstanceOf(WorkloadException.class)
        .hasMessageStartingWith("--arrivals: '" + arrivals + "' (expected ");
  }

  @Test
  void readsTimesInEveryUnit() {
    assertThat(Durations.seconds("t", "10")).isEqualTo(10);
    assertThat(Durations.seconds("t", "250us")).isCloseTo(250e-6, within(1e-12));
    assertThat(Durations.seconds("t", "2.5ms")).isCloseTo(2.5e-3, within(1e-12));
    assertThat(Durations.seconds("t", "2m")).isEqualTo(120);
    assertThat(Durations.seconds("t", "1h")).isEqualTo(3600);
    assertThatThrownBy(() -> Durations.seconds("--deadline", "0s"))
        .hasMessage("--deadline: '0s' (expected a time above 0, like 10s, 500ms or 2m)");
  }

  private static ArrivalSchedule parse(String rate, String arrivals, double seconds) {
    return ArrivalSpec.parse(rate, arrivals, seconds).schedule(42);
  }
}
