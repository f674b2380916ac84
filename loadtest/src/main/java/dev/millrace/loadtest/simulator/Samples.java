// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import java.util.Arrays;

/** What became of each request, in the order of their ends. */
final class Samples {
  static final byte ON_TIME = 0;
  static final byte LATE = 1;
  static final byte REFUSED = 2;

  private static final int FIRST_CAPACITY = 4096;

  private long[] arrivals = new long[FIRST_CAPACITY];
  private long[] latencies = new long[FIRST_CAPACITY];
  private byte[] outcomes = new byte[FIRST_CAPACITY];
  private byte[] kinds = new byte[FIRST_CAPACITY];
  private int size;

  void add(long arrivalNanos, long latencyNanos, byte outcome, int kind) {
    if (size == arrivals.length) {
      int capacity = 2 * size;
      arrivals = Arrays.copyOf(arrivals, capacity);
      latencies = Arrays.copyOf(latencies, capacity);
      outcomes = Arrays.copyOf(outcomes, capacity);
      kinds = Arrays.copyOf(kinds, capacity);
    }
    arrivals[size] = arrivalNanos;
    latencies[size] = latencyNanos;
    outcomes[size] = outcome;
    kinds[size] = (byte) kind;
    size++;
  }

  int size() {
    return size;
  }

  long arrivalNanos(int i) {
    return arrivals[i];
  }

  long latencyNanos(int i) {
    return latencies[i];
  }

  byte outcome(int i) {
    return outcomes[i];
  }

  int kind(int i) {
    return kinds[i];
  }
}
