// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

/**
 * When memory that a peak has left behind is given back: after many runs in a row that were far
 * smaller. One thread.
 *
 * <p>Giving back makes the device wait for all that it has begun, and the next large run take
 * memory anew: worth it once the peak is over, and not between two batches of a busy time.
 */
final class Shrinkage {
  /** Seconds of a busy replica; batches vary from one to the next. */
  static final int SMALL_RUNS = 256;

  /** What is a quarter of the peak leaves most of its memory unused. */
  private static final int PEAK_RATIO = 4;

  private long peakBytes;
  private long recentBytes;
  private int smallRuns;

  /**
   * A run is about to begin.
   *
   * @param bytes of its inputs
   * @return whether it is to give back what it does not need
   */
  boolean before(long bytes) {
    if (bytes > peakBytes / PEAK_RATIO) {
      peakBytes = Math.max(peakBytes, bytes);
      recentBytes = 0;
      smallRuns = 0;
      return false;
    }
    recentBytes = Math.max(recentBytes, bytes);
    smallRuns++;
    if (smallRuns < SMALL_RUNS) {
      return false;
    }
    peakBytes = recentBytes;
    recentBytes = 0;
    smallRuns = 0;
    return true;
  }
}
