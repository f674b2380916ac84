// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import dev.millrace.batching.cost.Curve;
import java.util.List;

/**
 * What a queue knows at one moment and why its batches look as they do: for people and metrics.
 *
 * @param curves what batches cost, for each size of a row that has been seen
 * @param arrivalRate rows per second
 * @param load what requests with deadlines ask for, of all that can be done in time; above 1 in
 *     overload
 * @param replicas those that serve
 * @param batches taken so far
 * @param chosenRows rows of all batches taken
 * @param queuedRows rows that waited in the lane of each batch taken, summed
 * @param waits times that an idle replica waited for more
 * @param medianError of predicted run times, relative
 * @param highError what 99 in 100 predictions kept to
 */
public record QueueReport(
    List<SizedCurve> curves,
    double arrivalRate,
    double load,
    int replicas,
    long batches,
    long chosenRows,
    long queuedRows,
    long waits,
    double medianError,
    double highError) {

  /**
   * The curve of rows of one size.
   *
   * @param rowSize the smallest such size, in the items' own measure
   */
  public record SizedCurve(long rowSize, Curve curve) {}
}
