// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import dev.millrace.backends.deployment.Declared;
import dev.millrace.backends.deployment.DeploymentSpec.Shadow;
import dev.millrace.backends.serving.ModelStatus;
import dev.millrace.backends.serving.Routes;
import dev.millrace.backends.serving.ServedVersion;
import dev.millrace.backends.serving.ShadowReport;
import dev.millrace.backends.shadow.Comparisons;
import dev.millrace.proto.admin.v1.ShadowStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What has come of the copies of a deployment's requests. */
final class ShadowStatuses {
  private ShadowStatuses() {}

  /** One for each pair of versions, and one that says why if what is declared has come to none. */
  static List<ShadowStatus> of(Declared declared, Routes routes) {
    List<ShadowStatus> all = new ArrayList<>();
    for (ServedVersion answering : routes.ready(declared.name())) {
      answering.shadows().forEach(report -> all.add(message(report)));
    }
    Optional<Shadow> shadow = declared.spec().shadow();
    long version = declared.shadowVersion();
    if (shadow.isPresent() && all.stream().noneMatch(s -> s.getVersion() == version)) {
      all.add(
          ShadowStatus.newBuilder()
              .setVersion(version)
              .setPercent(shadow.get().percent())
              .setReason(whyNot(declared, version, routes))
              .build());
    }
    return all;
  }

  private static String whyNot(Declared declared, long version, Routes routes) {
    if (version == 0) {
      return declared.shadowObstacle().isEmpty()
          ? "version " + declared.spec().shadow().map(Shadow::version).orElseThrow() + ": not yet"
          : declared.shadowObstacle();
    }
    if (declared.traffic().points(version) > 0) {
      return "version " + version + " answers itself";
    }
    return routes.statuses().stream()
        .filter(s -> s.name().equals(declared.name()) && s.version() == version)
        .map(ShadowStatuses::text)
        .findFirst()
        .orElse("version " + version + " is not loaded");
  }

  private static String text(ModelStatus status) {
    return "version %d is %s%s"
        .formatted(
            status.version(),
            status.state(),
            status.reason().isEmpty() ? "" : ": " + status.reason());
  }

  private static ShadowStatus message(ShadowReport report) {
    Comparisons comparisons = report.comparisons();
    return ShadowStatus.newBuilder()
        .setVersion(report.version())
        .setAgainst(report.against())
        .setPercent(report.percent())
        .setCompared(comparisons.same() + comparisons.differing() + comparisons.incomparable())
        .setDiffering(comparisons.differing())
        .setIncomparable(comparisons.incomparable())
        .setFailed(comparisons.failed())
        .setDropped(comparisons.dropped())
        .setLargestDifference(comparisons.largestDifference())
        .setOutput(comparisons.output())
        .setExample(comparisons.example())
        .build();
  }
}
