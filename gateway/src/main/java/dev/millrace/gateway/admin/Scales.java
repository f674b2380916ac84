// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.google.protobuf.Duration;
import com.google.protobuf.util.Durations;
import dev.millrace.backends.deployment.Autoscaling;
import dev.millrace.backends.deployment.DeploymentException;
import dev.millrace.backends.deployment.DeploymentSpec;
import dev.millrace.proto.admin.v1.Autoscale;
import java.util.ArrayList;
import java.util.List;

/** How many replicas are asked for, between the protocol's messages and ours. */
final class Scales {
  private static final Duration SHORTEST_DOWN_AFTER = Durations.fromSeconds(1);
  private static final Duration LONGEST_DOWN_AFTER = Durations.fromDays(1);

  private Scales() {}

  /**
   * What a message says; {@link Autoscaling#OFF} if there are problems, which are added.
   *
   * @param downAfter unless the message says it
   */
  private static Autoscaling read(
      Autoscale message, java.time.Duration downAfter, List<String> problems) {
    int before = problems.size();
    int min = message.hasMin() ? message.getMin() : 1;
    if (min < 0 || min > DeploymentSpec.MAX_REPLICAS) {
      problems.add(
          "autoscale.min: %d (expected 0 to %d)".formatted(min, DeploymentSpec.MAX_REPLICAS));
    }
    int max = message.getMax();
    if (max < Math.max(1, min) || max > DeploymentSpec.MAX_REPLICAS) {
      problems.add(
          "autoscale.max: %d (expected %d to %d)"
              .formatted(max, Math.max(1, min), DeploymentSpec.MAX_REPLICAS));
    }
    java.time.Duration after =
        message.hasDownAfter() ? downAfter(message.getDownAfter(), problems) : downAfter;
    return problems.size() > before ? Autoscaling.OFF : new Autoscaling(min, max, after);
  }

  private static java.time.Duration downAfter(Duration message, List<String> problems) {
    if (!Durations.isValid(message)
        || Durations.compare(message, SHORTEST_DOWN_AFTER) < 0
        || Durations.compare(message, LONGEST_DOWN_AFTER) > 0) {
      problems.add(
          "autoscale.down_after: %s (expected 1s to 1 day)"
              .formatted(Durations.isValid(message) ? Durations.toString(message) : "no duration"));
      return Autoscaling.DEFAULT_DOWN_AFTER;
    }
    return java.time.Duration.ofSeconds(message.getSeconds(), message.getNanos());
  }

  /** Of a declaration: off if it has none. */
  static Autoscaling read(
      dev.millrace.proto.admin.v1.DeploymentSpec message, List<String> problems) {
    if (!message.hasAutoscale()) {
      return Autoscaling.OFF;
    }
    if (message.getReplicas() != 0) {
      problems.add(
          "replicas: %d (expected none beside autoscale)".formatted(message.getReplicas()));
    }
    return read(message.getAutoscale(), Autoscaling.DEFAULT_DOWN_AFTER, problems);
  }

  /**
   * Of a deployment that serves.
   *
   * @param now what it is like, where the message does not say it
   * @throws DeploymentException INVALID, with every problem there is, a line each
   */
  static Autoscaling read(Autoscale message, int replicas, Autoscaling now)
      throws DeploymentException {
    List<String> problems = new ArrayList<>();
    if (replicas != 0) {
      problems.add("replicas: %d (expected none beside autoscale)".formatted(replicas));
    }
    Autoscaling read = read(message, now.downAfter(), problems);
    if (!problems.isEmpty()) {
      throw new DeploymentException(DeploymentException.Kind.INVALID, String.join("\n", problems));
    }
    return read;
  }

  /** The message that is read as these. */
  static Autoscale write(Autoscaling bounds) {
    Autoscale.Builder message = Autoscale.newBuilder().setMin(bounds.min()).setMax(bounds.max());
    if (!bounds.downAfter().equals(Autoscaling.DEFAULT_DOWN_AFTER)) {
      message.setDownAfter(Specs.duration(bounds.downAfter()));
    }
    return message.build();
  }
}
