// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.scheduling;

import static dev.millrace.gateway.scheduling.Quantities.number;
import static dev.millrace.gateway.scheduling.Quantities.percent;
import static dev.millrace.gateway.scheduling.Quantities.rate;
import static dev.millrace.gateway.scheduling.Quantities.rows;
import static dev.millrace.gateway.scheduling.Quantities.time;

import dev.millrace.batching.QueueReport.Lately;
import dev.millrace.batching.cost.Curve;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Why the batches of a model look as they do and what would raise its throughput, in plain words.
 * The first sentence is about the load, the next about the size of batches, the others about what
 * is out of the ordinary. Each number in them is the report's.
 */
final class Explanation {
  /** Below, a model has practically nothing to do. */
  private static final double IDLE = 0.1;

  /** Below, requests rarely meet each other. */
  private static final double LIGHT = 0.5;

  /** What is worth a sentence, as a factor of throughput. */
  private static final double WORTHWHILE = 1.2;

  /** Of rows or batches: too few to speak of. */
  private static final double FEW = 0.05;

  /** Of what waits: practically all. */
  private static final double ALL = 0.9;

  /** Where predictions stop being good ones. */
  private static final double LARGE_ERROR = 0.25;

  /** Batches before the error of predictions says anything. */
  private static final int PREDICTIONS = 64;

  /** As many as the scheduler asks for before it sheds by what it predicts. */
  private static final int FEW_SAMPLES = 8;

  private final SchedulingReport report;
  private final Load load;
  private final Lately lately;
  private final Curve curve;
  private final List<String> sentences = new ArrayList<>();

  private Explanation(SchedulingReport report) {
    this.report = report;
    this.load = new Load(report);
    this.lately = load.lately();
    this.curve = load.curve();
  }

  static List<String> of(SchedulingReport report) {
    return new Explanation(report).sentences();
  }

  private List<String> sentences() {
    if (!curve.isKnown()) {
      say("Nothing has run yet, so nothing is known: the first batch will be of one row.");
      return sentences;
    }
    sayLoad();
    if (report.maxBatchRows() == 0) {
      say(capitalised(report.batching()) + ".");
    } else {
      sayBatches();
      sayGain();
      sayDeadlines();
      sayLimit();
      sayLearning();
    }
    sayReplicas();
    SharedDevices.explain(report).forEach(this::say);
    sayHealth();
    return sentences;
  }

  private void say(String sentence) {
    sentences.add(sentence);
  }

  private void sayLoad() {
    if (isUnused()) {
      say(
          "No requests now; %s batches of %s on average since the model was loaded."
              .formatted(
                  number(report.queue().batches()),
                  rows(
                      (double) report.queue().chosenRows()
                          / Math.max(1, report.queue().batches()))));
    } else if (load.isSaturated()) {
      say(
          "Saturated: %s arrive and need %s of %s%s."
              .formatted(
                  rate(load.demand()),
                  replicas(load.neededReplicas()),
                  number(load.replicas()),
                  load.turnedAway() > 0
                      ? "; " + rate(load.turnedAway()) + " are turned away"
                      : ""));
    } else if (load.busy() < IDLE && lately.chosenRows() < 1.5) {
      say(
          "Idle: %s arrive, one row takes %s; batches of 1 are right."
              .formatted(rate(load.demand()), time(curve.mean(1))));
    } else {
      say(
          "%s: %s arrive, and replicas run %s of the time."
              .formatted(
                  load.busy() < LIGHT ? "Lightly loaded" : "Busy",
                  rate(load.demand()),
                  percent(load.busy())));
    }
    if (!isUnused() && !load.isSaturated() && load.turnedAway() > 0.01 * load.demand()) {
      say("%s are turned away%s.".formatted(rate(load.turnedAway()), reasons()));
    }
  }

  private boolean isUnused() {
    return lately.batches() < 0.05 && load.turnedAway() < 0.05;
  }

  /** Which have been most frequent; those of now are not told apart. */
  private String reasons() {
    String reasons =
        report.rejections().entrySet().stream()
            .filter(rejection -> rejection.getValue() > 0)
            .map(
                rejection ->
                    "%s %s"
                        .formatted(
                            rejection.getKey().name().toLowerCase(Locale.ROOT),
                            number(rejection.getValue())))
            .collect(Collectors.joining(", "));
    return reasons.isEmpty() ? "" : " (so far " + reasons + ")";
  }

  private void sayBatches() {
    boolean alone = lately.chosenRows() < 1.5 && load.busy() < IDLE;
    if (isUnused() || alone) {
      return;
    }
    say(
        "Batches of %s on average, of %s waiting: %s."
            .formatted(rows(lately.chosenRows()), number(lately.queuedRows()), reasonForSize()));
  }

  private String reasonForSize() {
    int best = load.bestSize(curve);
    if (lately.chosenRows() >= ALL * curve.cap()) {
      return (endsAtMaximum()
              ? "that is the largest that max_batch_size allows (%s: %s a replica)"
              : "that is their best size (%s: %s a replica), more would not raise throughput")
          .formatted(number(curve.cap()), rate(Load.throughput(curve, curve.cap())));
    }
    boolean takesAll = lately.chosenRows() >= ALL * lately.queuedRows();
    if (lately.chosenRows() >= ALL * best && (load.isSaturated() || !takesAll)) {
      return "no more fit deadlines of " + time(lately.objectiveNanos());
    }
    if (takesAll) {
      return "a free replica takes what there is, since waiting for more would make all of it later"
          + (load.busy() >= ALL && best > 1.5 * lately.chosenRows()
              ? "; more requests in flight would make larger ones, the best are of " + number(best)
              : "");
    }
    if (load.hasDeadlines() && load.isSaturated()) {
      return "those first in line are close to their deadlines (%s), which cuts batches short"
          .formatted(time(lately.objectiveNanos()));
    }
    return ("chosen for the least time to an answer, as a batch takes %s and %s more for each row:"
            + " in one large batch the first would wait for the last")
        .formatted(time(curve.alpha()), time(curve.beta()));
  }

  private void sayGain() {
    int best = load.bestSize(curve);
    double gain = Load.throughput(curve, curve.cap()) / Load.throughput(curve, 1);
    List<Curve.Point> points = curve.points();
    Curve.Point most = points.getLast();
    if (gain < WORTHWHILE) {
      if (most.rows() > 1) {
        say(
            "This model gains nothing from batches (%s take %s times one): more replicas instead%s."
                .formatted(
                    rows(most.rows()),
                    number(most.nanos() / Math.max(1, curve.mean(1))),
                    load.isSaturated() || load.busy() >= ALL
                        ? ", if cores are free"
                        : ", once there is more to do"));
      }
      return;
    }
    say(
        "Batches of %s carry %s a replica, %s times what single rows do."
            .formatted(
                number(best),
                rate(Load.throughput(curve, best)),
                number(Load.throughput(curve, best) / Load.throughput(curve, 1))));
    if (load.isSaturated() && report.queue().devices().count() == 0) {
      int wanted = (int) Math.ceil(load.neededReplicas() / 0.9);
      int more = Math.max(1, wanted - load.replicas());
      say(
          "%s would help if cores are free."
              .formatted(more == 1 ? "One more replica" : number(more) + " more replicas"));
    }
  }

  private void sayDeadlines() {
    if (lately.deadlineShare() < FEW) {
      return;
    }
    if (curve.plus(1) > lately.shortObjectiveNanos()) {
      say(
          ("One row takes up to %s, which is longer than deadlines of %s allow: such requests are"
                  + " refused.")
              .formatted(time(curve.plus(1)), time(lately.shortObjectiveNanos())));
    }
    int best = load.bestSize(curve);
    double gain = Load.throughput(curve, curve.cap()) / Load.throughput(curve, best);
    if (load.hasDeadlines() && gain >= WORTHWHILE) {
      double needed = curve.plus(curve.cap()) * (1 + 1.0 / load.replicas());
      say(
          ("%s: deadlines of %s allow %s, the best size is %s; deadlines of %s would raise"
                  + " throughput %s times.")
              .formatted(
                  load.busy() < LIGHT
                      ? "At full load batches could not grow"
                      : "Batches cannot grow",
                  time(lately.objectiveNanos()),
                  rows(best),
                  number(curve.cap()),
                  time(needed),
                  number(gain)));
    }
  }

  /** The best size would be larger, as far as the curve tells. */
  private boolean endsAtMaximum() {
    return curve.cap() >= report.maxBatchRows() && gainBeyondCap() >= WORTHWHILE;
  }

  private double gainBeyondCap() {
    return 1e9 / curve.beta() / Load.throughput(curve, curve.cap());
  }

  private void sayLimit() {
    if (endsAtMaximum() && load.busy() >= LIGHT) {
      say(
          ("Batches end at max_batch_size (%s), where they still get better: larger ones could raise"
                  + " throughput up to %s times.")
              .formatted(number(report.maxBatchRows()), number(gainBeyondCap())));
    }
  }

  private void sayLearning() {
    if (curve.samples() < FEW_SAMPLES) {
      say("Learned from %s batches so far, which is little.".formatted(number(curve.samples())));
    } else if (curve.limit() > curve.cap()) {
      say("Larger batches are still being tried, up to %s.".formatted(rows(curve.limit())));
    } else if (curve.limit() < curve.cap()) {
      say("Smaller batches are being tried, of %s.".formatted(rows(curve.limit())));
    }
    if (load.sizes() > 1) {
      say(
          "Rows come in %s sizes; only rows of one shape share a batch."
              .formatted(number(load.sizes())));
    }
  }

  private void sayReplicas() {
    int missing = report.replicas() - load.replicas() - report.queue().devices().readyReplicas();
    if (missing > 0) {
      say(
          "%s of %s replicas %s not counted on: in a run that takes far longer than predicted."
              .formatted(number(missing), number(report.replicas()), missing == 1 ? "is" : "are"));
    }
    if (lately.loopShare() >= FEW) {
      say(
          ("%s of the batches ran on the event loops that their requests came in on, without waking"
                  + " a replica.")
              .formatted(percent(lately.loopShare())));
    }
    if (lately.waits() >= 0.1) {
      say(
          ("Idle replicas waited for their share of the arrivals %s times a second, which keeps them"
                  + " from taking single rows right behind each other.")
              .formatted(number(lately.waits())));
    }
    int enough = Math.max(1, (int) Math.ceil(lately.busyReplicas() / LIGHT));
    if (!isUnused() && enough < load.replicas()) {
      say(
          "%s replicas stand idle %s of the time: %s would do."
              .formatted(
                  number(load.replicas()),
                  percent(1 - load.busy()),
                  enough == 1 ? "one" : number(enough)));
    }
  }

  private void sayHealth() {
    double error = report.queue().highError();
    if (error > LARGE_ERROR && report.queue().batches() >= PREDICTIONS) {
      say(
          ("Predictions are off by %s at p99 (median %s): run times vary more than their rows"
                  + " explain, by other work on the machine, pauses, or inputs that differ in cost.")
              .formatted(
                  error < 1 ? percent(error) : "a factor of " + number(1 + error),
                  percent(report.queue().medianError())));
    }
  }

  private static String replicas(double count) {
    String text = number(count);
    return text + (text.equals("1") ? " replica" : " replicas");
  }

  private static String capitalised(String text) {
    return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
  }
}
