// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

/**
 * What the gateway did in one turn, and what it knew at its end.
 *
 * @param learned of the model that the turn was about
 */
record Served(Turn turn, Learned learned) {
  /** Right answers in time, by what the best batches carry, one after the other, as learned. */
  double shareOfBestBatches() {
    Learned.Cost cost = learned.longest();
    return turn.goodput() * cost.bestMicros() / 1e6 / cost.bestRows();
  }

  double goodput() {
    return turn.goodput();
  }

  /** Right answers in time, by the processor time that the gateway got. */
  double goodputOfCpuSecond() {
    return turn.goodput() / turn.cpuShare();
  }

  /** The same for one variant of the workload. */
  double goodput(int variant) {
    return turn.measurement().variants().get(variant).good() / turn.measurement().seconds();
  }
}
