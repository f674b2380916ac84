// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import dev.millrace.backends.deployment.DeploymentSpec.Shadow;
import dev.millrace.backends.repository.VersionSelector;
import dev.millrace.proto.admin.v1.ShadowTraffic;
import dev.millrace.proto.admin.v1.StickyRouting;
import dev.millrace.proto.admin.v1.Tolerance;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What is declared of copies of requests and of headers, between the protocol's messages and ours.
 */
final class ShadowSpecs {
  private static final Pattern HEADER = Pattern.compile("(?!.*-bin$)[a-z0-9_.-]{1,100}");

  private ShadowSpecs() {}

  /** Empty if there is none, or something is wrong with it. */
  static Optional<Shadow> read(
      dev.millrace.proto.admin.v1.DeploymentSpec spec, List<String> problems) {
    if (!spec.hasShadow()) {
      return Optional.empty();
    }
    ShadowTraffic message = spec.getShadow();
    int percent = message.getPercent() == 0 ? Shadow.DEFAULT_PERCENT : message.getPercent();
    if (percent < 0 || percent > 100) {
      problems.add("shadow.percent: %d (expected 1 to 100)".formatted(percent));
    }
    Optional<VersionSelector> version = VersionSelector.parse(message.getVersion());
    if (version.isEmpty()) {
      problems.add(
          "shadow.version: '%s' (expected a number from 1, @ALIAS or latest)"
              .formatted(message.getVersion()));
    }
    dev.millrace.backends.shadow.Tolerance tolerance =
        tolerance("shadow.tolerance", message.hasTolerance(), message.getTolerance(), problems);
    return version.map(selector -> new Shadow(selector, percent, tolerance));
  }

  static ShadowTraffic write(Shadow shadow) {
    return ShadowTraffic.newBuilder()
        .setVersion(shadow.version().toString())
        .setPercent(shadow.percent())
        .setTolerance(write(shadow.tolerance()))
        .build();
  }

  /** The default if none is given, or it is none. */
  static dev.millrace.backends.shadow.Tolerance tolerance(
      String field, boolean isGiven, Tolerance message, List<String> problems) {
    if (!isGiven) {
      return dev.millrace.backends.shadow.Tolerance.DEFAULT;
    }
    try {
      return new dev.millrace.backends.shadow.Tolerance(
          message.getAbsolute(), message.getRelative());
    } catch (IllegalArgumentException e) {
      problems.add(field.substring(0, field.lastIndexOf('.') + 1) + e.getMessage());
      return dev.millrace.backends.shadow.Tolerance.DEFAULT;
    }
  }

  static Tolerance write(dev.millrace.backends.shadow.Tolerance tolerance) {
    return Tolerance.newBuilder()
        .setAbsolute(tolerance.absolute())
        .setRelative(tolerance.relative())
        .build();
  }

  /** The header whose values stay with one version, in lower case; empty if there is none. */
  static String stickyHeader(StickyRouting sticky, List<String> problems) {
    String header = sticky.getHeader().toLowerCase(Locale.ROOT);
    if (!header.isEmpty() && !sticky.getParameter().isEmpty()) {
      problems.add(
          "sticky: parameter '%s' and header '%s' (expected one of the two)"
              .formatted(sticky.getParameter(), header));
    }
    if (!header.isEmpty() && !HEADER.matcher(header).matches()) {
      problems.add(
          "sticky.header: '%s' (expected letters, digits, _ - . and not -bin at the end)"
              .formatted(sticky.getHeader()));
    }
    return header;
  }
}
