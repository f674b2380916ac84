// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What the demo says, line by line. */
final class DemoReport {
  private static final int SHOWN_PREDICTIONS = 3;

  // a point in numbers, whatever the locale: the text beside them is English
  private static final Locale NUMBERS = Locale.ROOT;

  private DemoReport() {}

  /** One model's part. */
  static List<String> lines(DemoTrial.Result result) {
    Holdout holdout = result.holdout();
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s: %d rows that its training never saw"
            .formatted(holdout.model(), holdout.rows().size()));
    for (int row = 0; row < Math.min(SHOWN_PREDICTIONS, holdout.rows().size()); row++) {
      lines.add(prediction(result, row));
    }
    lines.add(
        String.format(
            NUMBERS,
            "  accuracy    %.4f, the training script counted %.4f %s",
            result.accuracy(),
            holdout.accuracy(),
            result.isAsTrained() ? "✓" : "✗ DIFFERENT"));
    lines.add(
        String.format(
            NUMBERS,
            "  latency     p50 %.2f ms, p99 %.2f ms, one row at a time",
            result.p50Nanos() / 1e6,
            result.p99Nanos() / 1e6));
    lines.add(
        String.format(
            NUMBERS,
            "  throughput  %,.0f rows/s, %d requests of one row in flight",
            result.rowsPerSecond(),
            DemoTrial.CONCURRENCY));
    return lines;
  }

  private static String prediction(DemoTrial.Result result, int row) {
    Holdout holdout = result.holdout();
    Prediction prediction = result.predictions().get(row);
    String name = className(holdout, prediction.classIndex());
    String sure =
        prediction.confidence().isPresent()
            ? String.format(NUMBERS, " (%.0f %%)", prediction.confidence().getAsDouble() * 100)
            : "";
    int label = holdout.labels().get(row);
    String truth =
        label == prediction.classIndex() ? "right" : "wrong, it is " + className(holdout, label);
    return "  row %-7d %s%s: %s".formatted(row + 1, name, sure, truth);
  }

  private static String className(Holdout holdout, int index) {
    return index >= 0 && index < holdout.classNames().size()
        ? holdout.classNames().get(index)
        : "class " + index;
  }

  /** What to do with a running demo, with its real ports. */
  static List<String> next(Path home, String grpcAddress, String httpAddress) {
    String server =
        grpcAddress.equals(ServerOptions.DEFAULT_SERVER) ? "" : " --server " + grpcAddress;
    List<String> lines = new ArrayList<>();
    lines.add("Try next, in another terminal:");
    lines.add("  ./millrace models" + server);
    lines.add("  ./millrace infer iris --data '[[5.1, 3.5, 1.4, 0.2]]'" + server);
    if (Files.isDirectory(home.resolve("proto/src/main/protobuf"))) {
      // with the files, so that it works where reflection is off
      lines.add(
          "  grpcurl -plaintext -import-path proto/src/main/protobuf -proto inference.proto"
              + " -d '{\"name\": \"iris\"}' %s inference.GRPCInferenceService/ModelMetadata"
                  .formatted(grpcAddress));
      lines.add(
          "  ghz --insecure --import-paths proto/src/main/protobuf --proto inference.proto"
              + " --call inference.GRPCInferenceService/ModelInfer -c 32 -z 10s"
              + " -d '{\"model_name\": \"iris\", \"inputs\": [{\"name\": \"input\","
              + " \"datatype\": \"FP32\", \"shape\": [1, 4], \"contents\":"
              + " {\"fp32_contents\": [5.1, 3.5, 1.4, 0.2]}}]}' "
              + grpcAddress);
    }
    if (!httpAddress.isEmpty()) {
      lines.add("  curl http://%s/metrics".formatted(httpAddress));
    }
    lines.add("Ctrl-C stops.");
    return lines;
  }
}
