// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.model.InferException;
import dev.millrace.backends.serving.Terms;

/** Reads the parameters of a request that say how it wants to wait: priority and timeout. */
final class SchedulingParameters {
  private static final String PRIORITY = "priority";
  private static final String TIMEOUT = "timeout";

  private SchedulingParameters() {}

  /**
   * What a request asks for.
   *
   * @param deadlineNanos of its call; Long.MAX_VALUE for none
   * @throws InferException INVALID if a parameter is no whole number
   */
  static Terms.Asked asked(InferRequest request, long deadlineNanos, int tenant)
      throws InferException {
    if (request.parameters().isEmpty()) {
      return new Terms.Asked(deadlineNanos, 0, 0, tenant);
    }
    return new Terms.Asked(
        deadlineNanos, number(request, PRIORITY), number(request, TIMEOUT), tenant);
  }

  /** 0 if the parameter is not there. */
  private static long number(InferRequest request, String name) throws InferException {
    Parameter parameter = request.parameter(name);
    if (parameter == null || parameter.kind() == Parameter.Kind.NONE) {
      return 0;
    }
    if (!parameter.isInteger()) {
      throw InferException.invalid(name + ": " + parameter + " (expected a whole number)");
    }
    boolean isBeyondALong = parameter.kind() == Parameter.Kind.UINT64 && parameter.bits() < 0;
    return isBeyondALong ? Long.MAX_VALUE : parameter.bits();
  }
}
