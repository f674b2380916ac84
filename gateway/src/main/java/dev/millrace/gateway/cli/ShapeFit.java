// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds the shape that somebody meant who wrote just the data: {@code [5.1, 3.5, 1.4, 0.2]} for a
 * model that takes {@code [-1,4]} is one row.
 */
final class ShapeFit {
  private ShapeFit() {}

  /**
   * The shape to send: the written one if it fits the declared one, else with the batch dimension
   * put in front, else a flat list folded into the one unknown dimension.
   */
  static Optional<List<Long>> fit(List<Long> written, List<Long> declared) {
    if (fits(written, declared)) {
      return Optional.of(written);
    }
    List<Long> asRow = new ArrayList<>(written);
    asRow.addFirst(1L);
    if (!declared.isEmpty() && declared.getFirst() == -1 && fits(asRow, declared)) {
      return Optional.of(asRow);
    }
    return written.size() == 1 ? fold(written.getFirst(), declared) : Optional.empty();
  }

  private static boolean fits(List<Long> written, List<Long> declared) {
    if (written.size() != declared.size()) {
      return false;
    }
    for (int i = 0; i < written.size(); i++) {
      if (declared.get(i) != -1 && !declared.get(i).equals(written.get(i))) {
        return false;
      }
    }
    return true;
  }

  private static Optional<List<Long>> fold(long count, List<Long> declared) {
    long known = declared.stream().filter(size -> size != -1).reduce(1L, (a, b) -> a * b);
    long unknowns = declared.stream().filter(size -> size == -1).count();
    if (known <= 0 || unknowns > 1 || count % known != 0 || (unknowns == 0 && count != known)) {
      return Optional.empty();
    }
    return Optional.of(declared.stream().map(size -> size == -1 ? count / known : size).toList());
  }

  /** As the messages and tables write a shape: {@code [-1,4]}. */
  static String show(List<Long> shape) {
    return shape.toString().replace(" ", "");
  }
}
