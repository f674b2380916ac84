// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

import dev.millrace.backends.gate.MetricLimit.Max;
import dev.millrace.backends.gate.MetricLimit.Per;
import dev.millrace.backends.gate.MetricLimit.RatioToStable;
import dev.millrace.backends.gate.Moments.Count;
import dev.millrace.backends.gate.Moments.Reading;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

/**
 * Holds a new version to the limit of a metric.
 *
 * <p>Each is so much of something for each of something else: a counter for each request or second,
 * a gauge for each second (its average), the sum of a histogram for each of its values (its mean),
 * and the values of a histogram above its limit for each value, of which there may be {@code 1 -
 * quantile}. Counts have to be more than chance explains; averages and means are what they are.
 */
final class LimitCheck {
  private static final double LEAST_SECONDS = 1;

  private final MetricLimit limit;
  private final int index;
  private final Seen seen;

  /**
   * @param index of the limit, and of its readings
   */
  LimitCheck(MetricLimit limit, int index, Seen seen) {
    this.limit = limit;
    this.index = index;
    this.seen = seen;
  }

  Verdict judge() {
    return switch (limit.bound()) {
      case Max max -> judge(max.value());
      case RatioToStable ratio -> judgeAgainstStable(ratio.ratio());
    };
  }

  private Verdict judge(double max) {
    return max == 0 && limit.kind() == MetricLimit.Kind.COUNTER
        ? never()
        : bound(max, count -> isAboveMax(count, max)).judge(seen.candidate());
  }

  private Verdict judgeAgainstStable(double ratio) {
    return isStableKnown()
        ? bound(ratio * valueOf(seen.stable()), count -> isAboveStable(count, ratio))
            .judge(seen.candidate())
        : Verdict.KEPT;
  }

  /** Of what must not happen at all the first is enough. */
  private Verdict never() {
    double counted = seen.candidate().latest().value(index);
    return counted > 0
        ? Verdict.broken(
            "%s: %s in %s s, of %d requests (expected none)"
                .formatted(
                    limit.subject(),
                    Numbers.rounded(counted),
                    Numbers.rounded(seen.candidate().seconds()),
                    seen.candidate().latest().attempts()))
        : Verdict.KEPT;
  }

  private Bound bound(double most, Predicate<Count> isTooMuch) {
    ToDoubleFunction<Reading> cases =
        isQuantile()
            ? reading -> reading.measured().values(index).above(most)
            : reading -> amount(reading, index);
    return new Bound(cases, this::trials, leastTrials(), isTooMuch, this::reason);
  }

  private boolean isQuantile() {
    return limit.quantile() > 0;
  }

  private double amount(Reading reading, int index) {
    return switch (limit.kind()) {
      case COUNTER -> reading.measured().value(index);
      case GAUGE -> reading.area(index);
      case HISTOGRAM -> reading.measured().values(index).sum();
    };
  }

  private double trials(Reading reading) {
    return switch (limit.kind()) {
      case COUNTER ->
          limit.per() == Per.SECOND ? reading.seconds() : (double) reading.measured().attempts();
      case GAUGE -> reading.seconds();
      case HISTOGRAM -> (double) reading.measured().values(index).total();
    };
  }

  private boolean isByTheSecond() {
    return limit.kind() == MetricLimit.Kind.GAUGE || limit.per() == Per.SECOND;
  }

  private double leastTrials() {
    return isByTheSecond() ? LEAST_SECONDS : Gates.LEAST_REQUESTS;
  }

  private boolean isStableKnown() {
    return trials(seen.stable().last())
        >= (isByTheSecond() ? LEAST_SECONDS : Gates.LEAST_STABLE_REQUESTS);
  }

  private boolean isAboveMax(Count count, double max) {
    if (isQuantile()) {
      return Chance.isMore(count.cases(), (1 - limit.quantile()) * count.trials());
    }
    double allowed = max * count.trials();
    return limit.kind() == MetricLimit.Kind.COUNTER
        ? Chance.isMore(count.cases(), allowed)
        : count.cases() > allowed;
  }

  private boolean isAboveStable(Count count, double ratio) {
    Reading stable = seen.stable().last();
    if (isQuantile()) {
      double slower = stable.measured().values(index).above(valueOf(seen.stable()));
      return Chance.isMore(count.cases(), count.trials(), slower, trials(stable));
    }
    return limit.kind() == MetricLimit.Kind.COUNTER
        ? Chance.isMore(
            count.cases(), ratio * count.trials(), amount(stable, index), trials(stable))
        : count.cases() > ratio * valueOf(seen.stable()) * count.trials();
  }

  /** What the metric says of a version, in the whole step. */
  private double valueOf(Moments moments) {
    Reading last = moments.last();
    if (isQuantile()) {
      return last.measured().values(index).quantile(limit.quantile());
    }
    return trials(last) == 0 ? 0 : amount(last, index) / trials(last);
  }

  private String reason() {
    String value = limit.subject() + " " + Numbers.rounded(valueOf(seen.candidate()));
    return switch (limit.bound()) {
      case Max max -> value + " (expected at most " + Numbers.text(max.value()) + ")";
      case RatioToStable ratio ->
          "%s against %s of the version it replaces (expected at most %s times)"
              .formatted(
                  value, Numbers.rounded(valueOf(seen.stable())), Numbers.text(ratio.ratio()));
    };
  }
}
