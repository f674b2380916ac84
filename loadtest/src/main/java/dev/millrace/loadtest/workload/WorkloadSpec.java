// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What the user wants to be sent.
 *
 * @param models of the mix, at least one
 * @param rows for inputs whose first axis is open, 1 or more
 * @param shapes for inputs with other open axes; none with a file, which has shapes of its own
 * @param expect the answers to expect, a file like that of the data
 * @param agree whether answers are held against the first one to the same request
 * @param tolerance by which real numbers may differ; see {@link TensorComparison}
 * @param seed of random data
 */
public record WorkloadSpec(
    List<ModelShare> models,
    DataSource data,
    int rows,
    List<ShapeChoice> shapes,
    Optional<Path> expect,
    boolean agree,
    double tolerance,
    long seed) {
  /** What single precision leaves of numbers around 1 after sums in another order. */
  public static final double DEFAULT_TOLERANCE = 1e-4;

  public WorkloadSpec {
    models = List.copyOf(models);
    shapes = List.copyOf(shapes);
    require(!models.isEmpty(), "no model (expected at least one)");
    require(rows >= 1, "--rows: %d (expected 1 or more)".formatted(rows));
    require(
        tolerance >= 0 && tolerance < Double.POSITIVE_INFINITY,
        "--tolerance: %s (expected 0 or more)".formatted(tolerance));
    require(
        shapes.isEmpty() || !(data instanceof DataSource.File),
        "--shape: not with a data file (its tensors have shapes of their own)");
    require(
        expect.isEmpty() || !agree, "expected answers and agreement: both (expected one of them)");
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new WorkloadException(otherwise);
    }
  }
}
