// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import java.util.Locale;

/**
 * A deadline that some of the requests have.
 *
 * @param nanos above 0
 * @param weight their share of the requests, relative to those with other deadlines; above 0
 */
public record DeadlineShare(long nanos, double weight) {

  /** Such as 15 ms. */
  String text() {
    return String.format(Locale.ROOT, "%.4g ms", nanos / 1e6);
  }
}
