// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.tensor.Shapes;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Sizes for the dimensions that a graph leaves open, for a trial: one size for all of them, but for
 * names that are sums ("past + sequence").
 */
record OpenSizes(long size) {
  /** A trial's tensor has fewer elements per row: 16 MiB of floats. */
  private static final long MOST_ELEMENTS = 4L << 20;

  /** Sizes that run most models, then what images and embeddings come in. */
  private static final List<Long> USUAL = List.of(8L, 4L, 16L, 1L, 2L, 3L, 32L, 64L, 128L, 224L);

  private static final List<Long> LARGE =
      List.of(
          80L, 96L, 100L, 160L, 192L, 200L, 256L, 299L, 300L, 384L, 512L, 640L, 768L, 784L, 1024L,
          2048L);

  /**
   * Sizes to try, in turn.
   *
   * @param hints sizes that occur in the graph's weights: an open dimension is often one of them
   */
  static Set<Long> candidates(Set<Long> hints) {
    Set<Long> sizes = new LinkedHashSet<>(USUAL);
    sizes.addAll(hints);
    for (long size = 1; size <= 64; size++) {
      sizes.add(size);
    }
    sizes.addAll(LARGE);
    return sizes;
  }

  /** The dimensions from axis {@code from} on with sizes for the open ones; null if too large. */
  long @Nullable [] resolve(List<GraphValue.Dim> dims, int from) {
    long[] shape = new long[dims.size() - from];
    for (int i = 0; i < shape.length; i++) {
      GraphValue.Dim dim = dims.get(from + i);
      shape[i] = dim.size() >= 0 ? dim.size() : size(dim.symbol());
    }
    try {
      return Shapes.elements(shape) <= MOST_ELEMENTS ? shape : null;
    } catch (ArithmeticException e) {
      return null;
    }
  }

  private long size(String symbol) {
    if (!symbol.contains("+")) {
      return size;
    }
    long sum = 0;
    for (String term : symbol.split("\\+", -1)) {
      String text = term.strip();
      sum += text.matches("\\d{1,6}") ? Long.parseLong(text) : size;
    }
    return sum;
  }
}
