// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.registry;

import dev.millrace.backends.storage.YamlRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** The registry's own files, as YAML: for people too, and to be repaired by hand if need be. */
final class VersionRecord {
  static final String FILE = ".version.yaml";
  static final String ALIASES = ".aliases.yaml";
  static final String HIGHEST = ".deleted.yaml";

  private VersionRecord() {}

  static void write(Path folder, RegisteredVersion version) throws IOException {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("digest", version.digest());
    map.put("created", version.created().toString());
    map.put("pushed_by", version.pushedBy());
    map.put("note", version.note());
    map.put("inputs", version.inputs());
    map.put("outputs", version.outputs());
    map.put("metadata", new TreeMap<>(version.metadata()));
    List<Map<String, Object>> files = new ArrayList<>();
    for (RegisteredFile file : version.files()) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("name", file.name());
      one.put("size", file.size());
      one.put("sha256", file.sha256());
      files.add(one);
    }
    map.put("files", files);
    YamlRecord.save(folder.resolve(FILE), map);
  }

  static RegisteredVersion read(String model, long version, Path folder) throws IOException {
    return YamlRecord.load(folder.resolve(FILE), record -> read(model, version, record));
  }

  private static RegisteredVersion read(String model, long version, YamlRecord record) {
    List<RegisteredFile> files =
        record.records("files").stream()
            .map(
                file ->
                    new RegisteredFile(file.text("name"), file.number("size"), file.text("sha256")))
            .toList();
    Map<String, String> metadata = new TreeMap<>();
    record
        .record("metadata")
        .values()
        .forEach((key, value) -> metadata.put((String) key, (String) value));
    return new RegisteredVersion(
        model,
        version,
        record.text("digest"),
        Instant.parse(record.text("created")),
        files,
        metadata,
        record.text("note"),
        record.texts("inputs"),
        record.texts("outputs"),
        record.text("pushed_by"));
  }

  static void writeAliases(Path model, SortedMap<String, Long> aliases) throws IOException {
    YamlRecord.save(model.resolve(ALIASES), aliases);
  }

  static SortedMap<String, Long> readAliases(Path model) throws IOException {
    Path path = model.resolve(ALIASES);
    SortedMap<String, Long> aliases = new TreeMap<>();
    if (!Files.exists(path)) {
      return aliases;
    }
    return YamlRecord.load(
        path,
        record -> {
          record.values().forEach((k, v) -> aliases.put((String) k, ((Number) v).longValue()));
          return aliases;
        });
  }

  /** The highest version that was deleted; 0 if none was. */
  static long readHighest(Path model) throws IOException {
    Path path = model.resolve(HIGHEST);
    return Files.exists(path) ? YamlRecord.load(path, record -> record.number("version")) : 0;
  }

  static void writeHighest(Path model, long version) throws IOException {
    YamlRecord.save(model.resolve(HIGHEST), Map.of("version", version));
  }
}
