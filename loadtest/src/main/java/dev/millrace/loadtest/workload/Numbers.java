// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

/** Numbers in options. */
final class Numbers {
  private Numbers() {}

  /** A weight above 0; {@link WorkloadException} naming the option and its whole text otherwise. */
  static double weight(String option, String whole, String text) {
    double weight;
    try {
      weight = Double.parseDouble(text);
    } catch (NumberFormatException e) {
      weight = Double.NaN;
    }
    if (!(weight > 0) || Double.isInfinite(weight)) {
      throw new WorkloadException(
          "%s '%s': weight '%s' (expected a number above 0)".formatted(option, whole, text));
    }
    return weight;
  }
}
