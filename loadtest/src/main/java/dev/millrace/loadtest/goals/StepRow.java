// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.load.ArrivalSpec;
import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.load.Measurements;
import dev.millrace.loadtest.load.RateProfile;
import dev.millrace.loadtest.load.Stretch;
import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Row 8 of the scheduler: a load of half the peak, for 20 s twice the peak, and half of it again:
 * two deadlines after the end of the flood, answers are to be as fast as before it.
 */
final class StepRow implements RowProgram {
  private static final Goal BACK = Goal.atMost(1.2);
  private static final Goal REFUSAL_MICROS = Goal.atMost(2000);
  private static final double DEADLINE_BATCHES = 5;
  private static final double CALM = 0.5;
  private static final double FLOOD = 2;
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  /** The first second does not count. */
  private static final long SETTLE_NANOS = SECOND;

  private static final long CALM_NANOS = 6 * SECOND;
  private static final long FLOOD_NANOS = 20 * SECOND;

  /** After the flood, in deadlines: looked at one by one, then all of those from the third on. */
  private static final int DEADLINES_AFTER = 20;

  private static final int DEADLINES_TO_RECOVER = 2;

  // each takes half a minute
  private static final int MOST_ROUNDS = 3;

  private final Stage stage;
  private final PolicyGateway gateway;
  private final String model;

  StepRow(Stage stage, PolicyGateway gateway, String model) {
    this.stage = stage;
    this.gateway = gateway;
    this.model = model;
  }

  /**
   * One flood.
   *
   * @param after each of the deadlines after it
   */
  private record Flood(Measurement before, Measurement during, List<Measurement> after) {
    double microsBefore() {
      return micros(before, 99);
    }

    double microsAfter() {
      return micros(Measurements.sum(after.subList(DEADLINES_TO_RECOVER, after.size())), 99);
    }

    /** Deadlines until one is no slower than it was before. */
    double deadlinesToRecover() {
      int slow = 0;
      while (slow < after.size() && micros(after.get(slow), 99) > BACK.value() * microsBefore()) {
        slow++;
      }
      return slow;
    }

    private static double micros(Measurement measurement, double percentile) {
      return measurement.latency().getValueAtPercentile(percentile) / 1e3;
    }
  }

  @Override
  public RowResult run() throws IOException, InterruptedException, Ended {
    Workload workload = gateway.workload(model, Policy.AUTO);
    Capacity capacity = gateway.capacity(model, Policy.AUTO, workload);
    long deadlineNanos = capacity.deadlineNanos(DEADLINE_BATCHES);
    try (Subject subject = gateway.connect(workload, deadlineNanos)) {
      gateway.warmUpRefusals(subject, capacity);
      Contestant<Flood> floods =
          new Contestant<>("a flood", () -> flood(subject, capacity.peak(), deadlineNanos));
      Learned before = gateway.learned(model, Policy.AUTO);
      Rounds.play(
          "flood",
          Math.min(MOST_ROUNDS, stage.effort().rounds()),
          List.of(floods),
          stage.stop(),
          stage.observer());
      List<String> notes = new ArrayList<>();
      notes.add("the first flood: " + floods.turn(0).during().outcomes());
      notes.addAll(
          SchedulingNotes.of(capacity.learned(), before, gateway.learned(model, Policy.AUTO)));
      return result(floods, capacity, deadlineNanos, notes);
    }
  }

  private static Flood flood(Subject subject, double peak, long deadlineNanos)
      throws InterruptedException {
    long back = CALM_NANOS + FLOOD_NANOS;
    List<Long> moments = new ArrayList<>(List.of(SETTLE_NANOS, CALM_NANOS, back));
    for (int i = 1; i <= DEADLINES_AFTER; i++) {
      moments.add(back + i * deadlineNanos);
    }
    double calm = CALM * peak;
    double flood = FLOOD * peak;
    RateProfile profile =
        new RateProfile(
            List.of(
                new Stretch(CALM_NANOS / 1e9, calm, calm),
                new Stretch(FLOOD_NANOS / 1e9, flood, flood),
                new Stretch(Double.POSITIVE_INFINITY, calm, calm)));
    List<Measurement> windows =
        subject.windows(OpenLoad.shape(ArrivalSpec.poisson(profile)), moments);
    return new Flood(windows.get(1), windows.get(2), windows.subList(3, windows.size()));
  }

  private static RowResult result(
      Contestant<Flood> floods, Capacity capacity, long deadlineNanos, List<String> notes) {
    List<Figure> figures =
        List.of(
            Figure.of(
                "p99 from two deadlines after the flood on / before it",
                Unit.RATIO,
                floods.each(flood -> flood.microsAfter() / flood.microsBefore()),
                BACK),
            Figure.of(
                "p99 to a refusal, in the flood",
                Unit.MICROS,
                floods.each(flood -> flood.during().negative().getValueAtPercentile(99) / 1e3),
                REFUSAL_MICROS),
            Figure.stated(
                "p99 of the load's own lateness, in the flood",
                Unit.MICROS,
                floods.each(flood -> flood.during().lag().getValueAtPercentile(99) / 1e3)),
            Figure.stated(
                "deadlines until one is as fast as before",
                Unit.COUNT,
                floods.each(Flood::deadlinesToRecover)),
            Figure.stated("p99 before", Unit.MICROS, floods.each(Flood::microsBefore)),
            Figure.stated("p99 after", Unit.MICROS, floods.each(Flood::microsAfter)),
            Figure.stated(
                "goodput before", Unit.PER_SECOND, floods.each(f -> f.before().goodput())),
            Figure.stated(
                "goodput in the flood", Unit.PER_SECOND, floods.each(f -> f.during().goodput())),
            Figure.stated("peak, closed loop", Unit.PER_SECOND, capacity.peak()),
            Figure.stated("deadline", Unit.MICROS, deadlineNanos / 1e3));
    return new RowResult(
        8, "from 0.5 to 2 × the peak for 20 s and back", figures, List.of(), notes);
  }
}
