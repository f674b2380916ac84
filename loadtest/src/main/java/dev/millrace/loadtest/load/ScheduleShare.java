// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

/** Each n-th moment of a schedule. */
final class ScheduleShare implements ArrivalSchedule {
  private final ArrivalSchedule all;
  private final int of;
  private int toSkip;

  ScheduleShare(ArrivalSchedule all, int index, int of) {
    this.all = all;
    this.of = of;
    this.toSkip = index;
  }

  @Override
  public long nextNanos() {
    long moment = all.nextNanos();
    for (int i = 0; i < toSkip && moment != END; i++) {
      moment = all.nextNanos();
    }
    toSkip = of - 1;
    return moment;
  }
}
