// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.loadtest.workload.WorkloadException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ServiceModelTest {
  private static final long MS = 1_000_000;
  private static final ServiceModel TEN = ServiceModel.linear(10 * MS, 0);

  @TempDir Path folder;
  private final SplittableRandom random = new SplittableRandom(1);

  @Test
  void aLineCostsAlphaAndBetaForEachRow() {
    assertThat(ServiceModel.linear(5_070_000, 1_050_000).nanos(0, 7)).isEqualTo(12_420_000);
  }

  @Test
  void noiseKeepsTheMean() {
    ServiceModel noisy = Disturbances.noise(TEN, 0.2);
    double[] runs = new double[100_000];
    Arrays.setAll(runs, i -> noisy.runNanos(0, 0, 1, random) / MS);
    double mean = Arrays.stream(runs).average().orElseThrow();
    double variance = Arrays.stream(runs).map(r -> (r - mean) * (r - mean)).average().orElseThrow();

    assertThat(noisy.nanos(0, 1)).isEqualTo(10 * MS);
    assertThat(mean).isCloseTo(10, within(0.05));
    assertThat(Math.sqrt(variance)).isCloseTo(2, within(0.05));
  }

  @Test
  void aPauseStretchesTheRunsThatItMeets() {
    // still from 80 to 100, 180 to 200 and so on
    ServiceModel pausing = Disturbances.pauses(TEN, 100 * MS, 20 * MS);

    assertThat(pausing.runNanos(0, 0, 1, random)).isEqualTo(10 * MS);
    assertThat(pausing.runNanos(70 * MS, 0, 1, random)).isEqualTo(10 * MS);
    assertThat(pausing.runNanos(75 * MS, 0, 1, random)).isEqualTo(30 * MS);
    assertThat(pausing.runNanos(90 * MS, 0, 1, random)).isEqualTo(20 * MS);
    assertThat(
            Disturbances.pauses(ServiceModel.linear(200 * MS, 0), 100 * MS, 20 * MS)
                .runNanos(0, 0, 1, random))
        .isEqualTo(240 * MS);
  }

  @Test
  void aSlowdownBeginsWhenItShould() {
    ServiceModel slower = Disturbances.slowdown(TEN, 50 * MS, 1.5);

    assertThat(slower.runNanos(Simulation.START_NANOS, 0, 1, random)).isEqualTo(10 * MS);
    assertThat(slower.runNanos(Simulation.START_NANOS + 50 * MS, 0, 1, random)).isEqualTo(15 * MS);
  }

  @Test
  void aRunTakesAsMuchWorkingTimeWhateverPausesItMeets() {
    ServiceModel pausing = Disturbances.pauses(TEN, 25 * MS, 7 * MS);

    for (long now = 0; now < 60 * MS; now += MS) {
      long end = now + Math.round(pausing.runNanos(now, 0, 1, random));
      assertThat(working(end) - working(now)).as("from %d", now).isEqualTo(10 * MS);
    }
  }

  private static long working(long nanos) {
    return Disturbances.working(nanos, 25 * MS, 7 * MS);
  }

  @Test
  void aMeasuredCurveIsStraightBetweenItsPointsAndBeyond() {
    MeasuredCurves curves =
        new MeasuredCurves(
            List.of(
                new MeasuredCurves.Curve("64", List.of(1, 8, 16), List.of(50.0, 120.0, 240.0))));

    assertThat(curves.nanos(0, 1)).isEqualTo(50_000);
    assertThat(curves.nanos(0, 2)).isEqualTo(60_000);
    assertThat(curves.nanos(0, 12)).isEqualTo(180_000);
    assertThat(curves.nanos(0, 32)).isEqualTo(480_000);
    assertThat(curves.nanos(0, 1016)).isEqualTo(15_240_000);
  }

  @Test
  void readsAFileOfCurves() throws IOException {
    MeasuredCurves curves =
        CurveFile.read(
            file(
                """
                {"model": "iris", "curves": [
                  {"shape": "64", "rows": [1, 8], "micros": [50, 120.5], "samples": [3, 4]},
                  {"shape": "128", "rows": [1], "micros": [70]}]}
                """));

    assertThat(curves.curves()).hasSize(2);
    assertThat(curves.nanos(0, 8)).isEqualTo(120_500);
    assertThat(curves.nanos(1, 2)).isEqualTo(140_000);
  }

  @Test
  void tellsWhatIsWrongWithAFileOfCurves() {
    assertBad("{\"curves\":[]}", "no curves (expected at least one)");
    assertBad("{}", "no curves (expected an object with an array of that name)");
    assertBad("[1]", "no object (expected one with curves)");
    assertBad(
        "{\"curves\":[{\"shape\":\"a\",\"rows\":[1,1],\"micros\":[5,6]}]}",
        "shape 'a': rows 1 (expected at least 2)");
    assertBad(
        "{\"curves\":[{\"shape\":\"a\",\"rows\":[1],\"micros\":[0]}]}",
        "shape 'a': micros 0.0 (expected above 0)");
    assertBad(
        "{\"curves\":[{\"shape\":\"a\",\"rows\":[1],\"micros\":[\"x\"]}]}",
        "micros: no array of numbers");
    assertThatThrownBy(() -> CurveFile.read(folder.resolve("none")))
        .isInstanceOf(WorkloadException.class)
        .hasMessageEndingWith("none: no such file");
    assertThatThrownBy(() -> CurveFile.read(file("{\"curves\": x")))
        .isInstanceOf(WorkloadException.class)
        .hasMessageContaining("not JSON");
  }

  private void assertBad(String text, String problem) {
    assertThatThrownBy(() -> CurveFile.read(file(text)))
        .isInstanceOf(WorkloadException.class)
        .hasMessageEndingWith(": " + problem);
  }

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("curves.json"), text);
  }
}
