// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The bindings a runner keeps: by number of rows where only that varies, else the shapes used last.
 */
final class BindingCache implements AutoCloseable {
  /** Batches of more rows are rare and large: making their tensors anew does not show. */
  private static final int MOST_ROWS = 1024;

  /** Shapes seen last: enough for the few lengths that padded requests come in. */
  private static final int MOST_SHAPES = 32;

  private final @Nullable Binding[] byRows;
  private final Map<ShapeKey, Binding> byShapes = new LinkedHashMap<>(16, 0.75f, true);

  /** The binding that was too large to keep. */
  private @Nullable Binding passing;

  /**
   * @param maxRows the most rows of an ordinary batch
   */
  BindingCache(int maxRows) {
    byRows = new Binding[Math.min(maxRows, MOST_ROWS) + 1];
  }

  /** The binding kept for that many rows, or null. */
  @Nullable Binding get(int rows) {
    return rows < byRows.length ? byRows[rows] : null;
  }

  void put(int rows, Binding binding) {
    if (rows < byRows.length) {
      byRows[rows] = binding;
    } else {
      pass(binding);
    }
  }

  /** Keeps a binding for one run only. */
  void pass(Binding binding) {
    closePassing();
    passing = binding;
  }

  /** The binding kept for those shapes, or null. */
  @Nullable Binding get(long[][] shapes) {
    return byShapes.get(new ShapeKey(shapes));
  }

  void put(long[][] shapes, Binding binding) {
    if (byShapes.size() >= MOST_SHAPES) {
      Iterator<Binding> eldest = byShapes.values().iterator();
      eldest.next().close();
      eldest.remove();
    }
    byShapes.put(new ShapeKey(shapes), binding);
  }

  int openTensors() {
    int count = passing == null ? 0 : passing.openTensors();
    for (Binding binding : byRows) {
      count += binding == null ? 0 : binding.openTensors();
    }
    for (Binding binding : byShapes.values()) {
      count += binding.openTensors();
    }
    return count;
  }

  /** Closes them all; more may be put afterwards. */
  @Override
  public void close() {
    closePassing();
    for (int i = 0; i < byRows.length; i++) {
      Binding binding = byRows[i];
      if (binding != null) {
        binding.close();
        byRows[i] = null;
      }
    }
    byShapes.values().forEach(Binding::close);
    byShapes.clear();
  }

  /** Closes the binding that was for one run. */
  void closePassing() {
    if (passing != null) {
      passing.close();
      passing = null;
    }
  }

  /** Input shapes as a key. */
  private static final class ShapeKey {
    private final long[][] shapes;

    ShapeKey(long[][] shapes) {
      this.shapes = shapes;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof ShapeKey that && Arrays.deepEquals(shapes, that.shapes);
    }

    @Override
    public int hashCode() {
      return Arrays.deepHashCode(shapes);
    }
  }
}
