// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.report;

import dev.millrace.loadtest.load.Comparison;
import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.load.Measurements;
import dev.millrace.loadtest.load.Observation;
import dev.millrace.loadtest.load.Overload;
import dev.millrace.loadtest.load.Peak;
import dev.millrace.loadtest.load.Trial;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What a bench found, by the kind of question that was asked. */
public sealed interface Findings {

  /** The measurement that stands for the whole; empty if the bench ended before there was one. */
  Optional<Measurement> headline();

  /** What was measured, for each server. */
  List<List<Measurement>> servers();

  /** What makes it a failure, a line each: a server without a right answer, or with a wrong one. */
  default List<String> failures() {
    return servers().stream().flatMap(all -> Failures.of(all).stream()).toList();
  }

  /** How the server does under one load. */
  record Plain(Observation observation) implements Findings {
    @Override
    public Optional<Measurement> headline() {
      return Optional.of(observation.total());
    }

    @Override
    public List<List<Measurement>> servers() {
      return List.of(List.of(observation.total()));
    }

    @Override
    public List<String> failures() {
      List<String> failures = new ArrayList<>(Failures.of(List.of(observation.total())));
      Failures.silence(observation.windows()).ifPresent(failures::add);
      return failures;
    }
  }

  /** The highest rate that meets a goal. */
  record Highest(Peak peak) implements Findings {
    @Override
    public Optional<Measurement> headline() {
      return peak.confirmed().map(Trial::measurement).or(() -> Optional.of(peak.closedLoop()));
    }

    @Override
    public List<List<Measurement>> servers() {
      List<Measurement> all = new ArrayList<>(List.of(peak.closedLoop()));
      peak.trials().forEach(trial -> all.add(trial.measurement()));
      return List.of(all);
    }
  }

  /**
   * How the server does under more than it can bear.
   *
   * @param search for the peak; empty if it was given
   */
  record Overloaded(Optional<Peak> search, Overload overload) implements Findings {
    @Override
    public Optional<Measurement> headline() {
      return overload.rows().stream()
          .filter(row -> row.factor() == 1)
          .map(Overload.Row::measurement)
          .findFirst()
          .or(() -> overload.rows().stream().map(Overload.Row::measurement).findFirst())
          .or(() -> search.flatMap(peak -> new Highest(peak).headline()));
    }

    @Override
    public List<List<Measurement>> servers() {
      List<Measurement> all = new ArrayList<>();
      search.ifPresent(peak -> new Highest(peak).servers().forEach(all::addAll));
      overload.rows().forEach(row -> all.add(row.measurement()));
      return List.of(all);
    }
  }

  /** How two servers compare; the headline is the first one's. */
  record Compared(String a, String b, Comparison comparison) implements Findings {
    @Override
    public Optional<Measurement> headline() {
      return comparison.a().isEmpty()
          ? Optional.empty()
          : Optional.of(Measurements.sum(comparison.a()));
    }

    @Override
    public List<List<Measurement>> servers() {
      return List.of(comparison.a(), comparison.b());
    }

    @Override
    public List<String> failures() {
      return Stream.concat(
              Failures.of(comparison.a()).stream().map(failure -> "A: " + failure),
              Failures.of(comparison.b()).stream().map(failure -> "B: " + failure))
          .toList();
    }
  }
}
