// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.baseline.OrtRun;
import dev.millrace.loadtest.process.OrtProcess;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What bare ONNX Runtime does at best: for each length of the input, batches of the size that gives
 * most rows per second. Sizes are found once, and then measured round by round.
 */
final class BestBatches {
  /**
   * One turn.
   *
   * @param rowsPerSecond with lengths in equal shares
   * @param cpuMicrosPerRow likewise
   */
  record Pace(double rowsPerSecond, double cpuMicrosPerRow) {
    static Pace of(List<OrtRun> runs) {
      return new Pace(
          Roofline.ofKinds(runs.stream().mapToDouble(OrtRun::rowsPerSecond).toArray()),
          runs.stream().mapToDouble(OrtRun::cpuMicrosPerRow).average().orElseThrow());
    }
  }

  private final OrtProcess ort;
  private final List<OrtRun> best;

  private BestBatches(OrtProcess ort, List<OrtRun> best) {
    this.ort = ort;
    this.best = best;
  }

  /**
   * Looks for the best sizes.
   *
   * @param lengths of open axes other than the first
   * @param maxRows of a batch; 1, 2, 4 and so on are tried
   * @param millis for each size and length
   */
  static BestBatches find(OrtProcess ort, List<Integer> lengths, int maxRows, long millis)
      throws IOException {
    List<OrtRun> best = new ArrayList<>();
    for (int length : lengths) {
      List<OrtRun> sizes = new ArrayList<>();
      for (int rows = 1; rows <= maxRows; rows *= 2) {
        sizes.add(ort.measure(rows, length, millis));
      }
      best.add(sizes.stream().max(Comparator.comparingDouble(OrtRun::rowsPerSecond)).orElseThrow());
    }
    return new BestBatches(ort, best);
  }

  /** Measures them again, for so long together. */
  Pace turn(long millis) throws IOException {
    List<OrtRun> runs = new ArrayList<>();
    for (OrtRun run : best) {
      runs.add(ort.measure(run.rows(), run.length(), millis / best.size()));
    }
    return Pace.of(runs);
  }

  /** The sizes, for a note. */
  String words() {
    if (best.size() == 1) {
      return "bare ONNX Runtime is at its best with batches of %d rows"
          .formatted(best.getFirst().rows());
    }
    return "bare ONNX Runtime is at its best with batches (length × rows) of "
        + String.join(
            ", ", best.stream().map(run -> "%d × %d".formatted(run.length(), run.rows())).toList());
  }
}
