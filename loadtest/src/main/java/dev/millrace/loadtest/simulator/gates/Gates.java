// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

import dev.millrace.loadtest.simulator.Scheduler;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** All gates for one scheduler of ours. */
public final class Gates {
  private final List<Gate> gates;

  private Gates(List<Gate> gates) {
    this.gates = gates;
  }

  /**
   * Those of them that are named.
   *
   * @param ours a new one for every run; it may know all of its setting but how long runs take
   * @param ids such as G6; all if there are none
   */
  public static Gates of(Scheduler.Factory ours, Effort effort, List<String> ids) {
    List<Gate> all = new ArrayList<>();
    all.addAll(new LatencyGates(ours, effort).all());
    all.addAll(new CapacityGates(ours, effort).all());
    all.addAll(new OverloadGates(ours, effort).all());
    all.addAll(new OptimumGates(ours, effort).all());
    all.addAll(new TrafficGates(ours, effort).all());
    all.addAll(new DisturbanceGates(ours, effort).all());
    all.sort(Comparator.comparingInt(gate -> Integer.parseInt(gate.id().substring(1))));
    return new Gates(
        all.stream().filter(gate -> ids.isEmpty() || ids.contains(gate.id())).toList());
  }

  /** The names of all. */
  public static List<String> ids() {
    return of(Rivals.NO_BATCHING, Effort.brief(), List.of()).gates.stream().map(Gate::id).toList();
  }

  /** Is told how far it is. */
  @FunctionalInterface
  public interface Progress {
    void done(int cells, int of, String gate);
  }

  /**
   * Measures every cell, several at a time: each is a world of its own.
   *
   * @throws IllegalStateException if a scheduler broke the simulation's rules
   */
  public List<Finding> measure(int threads, Progress progress) throws InterruptedException {
    int cells = gates.stream().mapToInt(gate -> gate.cells().size()).sum();
    List<Finding> findings = new ArrayList<>();
    int done = 0;
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      List<List<Future<double[]>>> values =
          gates.stream()
              .map(
                  gate ->
                      gate.cells().stream().map(cell -> pool.submit(cell.measure()::get)).toList())
              .toList();
      try {
        for (int g = 0; g < gates.size(); g++) {
          List<double[]> measured = new ArrayList<>();
          for (Future<double[]> value : values.get(g)) {
            measured.add(value.get());
            progress.done(++done, cells, gates.get(g).id());
          }
          findings.addAll(findings(gates.get(g), measured));
        }
      } catch (ExecutionException e) {
        throw new IllegalStateException("a cell failed: " + e.getCause(), e);
      } finally {
        pool.shutdownNow();
      }
    }
    return findings;
  }

  private static List<Finding> findings(Gate gate, List<double[]> measured) {
    List<Finding> findings = new ArrayList<>();
    for (int c = 0; c < gate.claims().size(); c++) {
      List<Finding.Reading> readings = new ArrayList<>();
      for (int i = 0; i < measured.size(); i++) {
        double value = measured.get(i)[c];
        if (!Double.isNaN(value)) {
          readings.add(new Finding.Reading(gate.cells().get(i).name(), value));
        }
      }
      findings.add(new Finding(gate.id(), gate.title(), gate.claims().get(c), readings));
    }
    return findings;
  }
}
