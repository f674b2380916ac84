// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DemoTrialTest {
  private static final DemoTrial.Durations SHORT =
      new DemoTrial.Durations(Duration.ZERO, Duration.ofMillis(20), Duration.ofMillis(50));

  private static final String HOLDOUT =
      """
      {"model": "toy", "input": {"name": "x", "datatype": "FP32", "shape": [-1, 2]},
       "label_output": LABEL, "score_output": "scores", "class_names": ["first", "second"],
       "rows": [[2, 1], [1, 2], [5, 0.5]], "labels": [0, 1, 1], "accuracy": ACCURACY,
       "predictions": [0, 1, 0]}
      """;

  @TempDir Path folder;

  @Test
  void countsTheRightAnswersAndComparesThemWithTheTraining() throws Exception {
    DemoTrial.Result result = run("\"label\"", "0.6666666666666666");

    assertThat(result.predictions()).extracting(Prediction::classIndex).containsExactly(0, 1, 0);
    assertThat(result.correct()).isEqualTo(2);
    assertThat(result.isAsTrained()).isTrue();
    assertThat(result.p99Nanos()).isGreaterThanOrEqualTo(result.p50Nanos()).isPositive();
    assertThat(result.rowsPerSecond()).isPositive();
  }

  @Test
  void takesTheLargestScoreWhereThereIsNoLabel() throws Exception {
    assertThat(run("null", "0.6666666666666666").predictions())
        .extracting(Prediction::classIndex)
        .containsExactly(0, 1, 0);
  }

  @Test
  void noticesADifferenceToTheTraining() throws Exception {
    DemoTrial.Result result = run("\"label\"", "1.0");

    assertThat(result.isAsTrained()).isFalse();
    assertThat(DemoReport.lines(result)).anySatisfy(line -> assertThat(line).contains("DIFFERENT"));
  }

  @Test
  void reportsInWords() throws Exception {
    List<String> lines = DemoReport.lines(run("\"label\"", "0.6666666666666666"));

    assertThat(lines.subList(0, 5))
        .containsExactly(
            "toy: 3 rows that its training never saw",
            "  row 1       first (75 %): right",
            "  row 2       second (75 %): right",
            "  row 3       first (75 %): wrong, it is second",
            "  accuracy    0.6667, the training script counted 0.6667 ✓");
    assertThat(lines.get(5)).startsWith("  latency     p50 ");
    assertThat(lines.get(6)).startsWith("  throughput  ").contains("32 requests");
  }

  @Test
  void namesTheRealPortsInWhatToTryNext() {
    assertThat(DemoReport.next(folder, "127.0.0.1:5001", "127.0.0.1:5002"))
        .contains(
            "  ./millrace models --server 127.0.0.1:5001", "  curl http://127.0.0.1:5002/metrics");
  }

  @Test
  void saysWhichFileIsNoHoldout() throws IOException {
    Path file = Files.writeString(folder.resolve("bad.json"), "{\"model\": \"toy\"}");

    assertThatThrownBy(() -> Holdout.read(file))
        .isInstanceOf(IOException.class)
        .hasMessage(file + ": 'input' is missing");
  }

  @Test
  void takesPercentilesFromTheSortedTimes() {
    long[] nanos = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

    assertThat(DemoTrial.percentile(nanos, 0.50)).isEqualTo(5);
    assertThat(DemoTrial.percentile(nanos, 0.99)).isEqualTo(10);
    assertThat(DemoTrial.percentile(new long[] {7}, 0.50)).isEqualTo(7);
  }

  private DemoTrial.Result run(String label, String accuracy) throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("toy.json"),
            HOLDOUT.replace("LABEL", label).replace("ACCURACY", accuracy));
    try (ToyServer server = new ToyServer();
        InferenceClient client = new InferenceClient(server.address(), Duration.ofSeconds(10))) {
      return new DemoTrial(client, SHORT).run(Holdout.read(file));
    }
  }
}
