// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import java.util.List;
import java.util.SplittableRandom;

/**
 * A device that all replicas share, as those of a model on one GPU do: what runs on it at a time
 * gets equal shares of it, from moment to moment.
 *
 * @param service a run by itself
 * @param gains what is done by one run, by two at a time, by three and so on, in units of the
 *     first; beyond the last as much as by the last
 */
public record OneDevice(ServiceModel service, List<Double> gains) implements ServiceModel {
  public OneDevice {
    gains = List.copyOf(gains);
    if (gains.isEmpty() || gains.getFirst() != 1 || gains.stream().anyMatch(gain -> gain <= 0)) {
      throw new IllegalArgumentException(
          "gains: " + gains + " (expected 1 for one run, and numbers above 0 for more)");
    }
  }

  /** Two runs at a time take twice as long. */
  public static OneDevice withoutOverlap(ServiceModel service) {
    return new OneDevice(service, List.of(1.0));
  }

  /** Two at a time do so many times as much as one; further ones add nothing. */
  public static OneDevice overlappingTwo(ServiceModel service, double gain) {
    return new OneDevice(service, List.of(1.0, gain));
  }

  @Override
  public long nanos(int shape, int rows) {
    return service.nanos(shape, rows);
  }

  @Override
  public double runNanos(long nowNanos, int shape, int rows, SplittableRandom random) {
    return service.runNanos(nowNanos, shape, rows, random);
  }

  @Override
  public boolean isShared() {
    return true;
  }

  @Override
  public double together(int running) {
    return gains.get(Math.min(running, gains.size()) - 1);
  }
}
