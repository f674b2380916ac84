// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import com.google.protobuf.util.Timestamps;
import dev.millrace.proto.admin.v1.RegisteredModel;
import dev.millrace.proto.admin.v1.RegisteredVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What a registry holds, for people. */
final class RegistryText {
  private RegistryText() {}

  static List<String> table(List<RegisteredModel> models) {
    Table table = new Table("MODEL", "VERSIONS", "ALIASES");
    models.forEach(model -> table.add(model.getName(), versions(model), aliases(model)));
    return table.lines();
  }

  private static String versions(RegisteredModel model) {
    return model.getVersionsList().stream()
        .map(version -> Long.toString(version.getVersion()))
        .collect(Collectors.joining(", "));
  }

  static String aliases(RegisteredModel model) {
    return model.getAliasesMap().entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(alias -> "@" + alias.getKey() + " " + alias.getValue())
        .collect(Collectors.joining(", "));
  }

  static List<String> all(RegisteredModel model) {
    List<String> lines = new ArrayList<>();
    if (model.getAliasesCount() > 0) {
      lines.add("aliases: " + aliases(model));
    }
    model.getVersionsList().forEach(version -> lines.addAll(all(version)));
    return lines;
  }

  private static List<String> all(RegisteredVersion version) {
    List<String> lines = new ArrayList<>();
    lines.add("version " + version.getVersion());
    lines.add(
        "  created: %s by %s"
            .formatted(Timestamps.toString(version.getCreated()), version.getPushedBy()));
    lines.add("  digest: " + version.getDigest());
    lines.add("  inputs: " + String.join(", ", version.getInputsList()));
    lines.add("  outputs: " + String.join(", ", version.getOutputsList()));
    version
        .getFilesList()
        .forEach(
            file -> lines.add("  file: %s, %d bytes".formatted(file.getName(), file.getSize())));
    version.getMetadataMap().forEach((key, value) -> lines.add("  " + key + ": " + value));
    if (!version.getNote().isEmpty()) {
      lines.add("  note: " + version.getNote());
    }
    return lines;
  }
}
