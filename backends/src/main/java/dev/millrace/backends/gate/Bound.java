// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.gate;

import dev.millrace.backends.gate.Moments.Count;
import dev.millrace.backends.gate.Moments.Reading;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * Something of which a new version must not have too much, in all and without its worst moments.
 *
 * @param cases of what is measured, those that speak against it
 * @param trials of what is measured, all that could have
 * @param least trials, of all and without the worst moments, that say anything
 * @param isTooMuch beyond what chance explains
 * @param reason what to say then
 */
record Bound(
    ToDoubleFunction<Reading> cases,
    ToDoubleFunction<Reading> trials,
    double least,
    Predicate<Count> isTooMuch,
    Supplier<String> reason) {

  Verdict judge(Moments candidate) {
    Count all = candidate.all(cases, trials);
    if (all.trials() < least || !isTooMuch.test(all)) {
      return Verdict.KEPT;
    }
    Count rest = candidate.withoutWorst(cases, trials);
    if (isTooMuch.test(rest)) {
      return Verdict.broken(reason.get());
    }
    return rest.trials() < least ? Verdict.inDoubt(reason.get()) : Verdict.KEPT;
  }
}
