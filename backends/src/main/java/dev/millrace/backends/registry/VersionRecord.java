// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.registry;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/** The registry's own files, as YAML: for people too, and to be repaired by hand if need be. */
final class VersionRecord {
  static final String FILE = ".version.yaml";
  static final String ALIASES = ".aliases.yaml";
  static final String HIGHEST = ".deleted.yaml";

  /** Of a file of ours, which is bounded when it is written. */
  private static final int MOST_CODE_POINTS = 64 << 20;

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
    replace(folder.resolve(FILE), map);
  }

  static RegisteredVersion read(String model, long version, Path folder) throws IOException {
    Path path = folder.resolve(FILE);
    Map<?, ?> map = load(path);
    try {
      List<RegisteredFile> files = new ArrayList<>();
      for (Object file : get(map, "files", List.class)) {
        Map<?, ?> one = (Map<?, ?>) file;
        files.add(
            new RegisteredFile(
                get(one, "name", String.class),
                get(one, "size", Number.class).longValue(),
                get(one, "sha256", String.class)));
      }
      Map<String, String> metadata = new TreeMap<>();
      for (Map.Entry<?, ?> entry : ((Map<?, ?>) get(map, "metadata", Map.class)).entrySet()) {
        metadata.put((String) entry.getKey(), (String) entry.getValue());
      }
      return new RegisteredVersion(
          model,
          version,
          get(map, "digest", String.class),
          Instant.parse(get(map, "created", String.class)),
          List.copyOf(files),
          metadata,
          get(map, "note", String.class),
          strings(get(map, "inputs", List.class)),
          strings(get(map, "outputs", List.class)),
          get(map, "pushed_by", String.class));
    } catch (ClassCastException | NullPointerException | DateTimeException e) {
      throw new IOException(path + " is damaged: " + e.getMessage(), e);
    }
  }

  private static <T> T get(Map<?, ?> map, String key, Class<T> type) {
    return type.cast(Objects.requireNonNull(map.get(key), key + " is missing"));
  }

  private static List<String> strings(List<?> list) {
    return list.stream().map(String.class::cast).toList();
  }

  static void writeAliases(Path model, SortedMap<String, Long> aliases) throws IOException {
    replace(model.resolve(ALIASES), aliases);
  }

  static SortedMap<String, Long> readAliases(Path model) throws IOException {
    Path path = model.resolve(ALIASES);
    SortedMap<String, Long> aliases = new TreeMap<>();
    if (!Files.exists(path)) {
      return aliases;
    }
    try {
      load(path).forEach((k, v) -> aliases.put((String) k, ((Number) v).longValue()));
    } catch (ClassCastException | NullPointerException e) {
      throw new IOException(path + " is damaged: " + e.getMessage(), e);
    }
    return aliases;
  }

  /** The highest version that was deleted; 0 if none was. */
  static long readHighest(Path model) throws IOException {
    Path path = model.resolve(HIGHEST);
    try {
      return Files.exists(path) ? get(load(path), "version", Number.class).longValue() : 0;
    } catch (ClassCastException | NullPointerException e) {
      throw new IOException(path + " is damaged: " + e.getMessage(), e);
    }
  }

  static void writeHighest(Path model, long version) throws IOException {
    replace(model.resolve(HIGHEST), Map.of("version", version));
  }

  private static Map<?, ?> load(Path path) throws IOException {
    String text = Files.readString(path);
    try {
      Object root =
          new Load(
                  LoadSettings.builder()
                      .setLabel(path.toString())
                      .setCodePointLimit(MOST_CODE_POINTS)
                      .build())
              .loadFromString(text);
      if (root instanceof Map<?, ?> map) {
        return map;
      }
      throw new IOException(path + " is damaged: no mapping");
    } catch (YamlEngineException e) {
      throw new IOException(path + " is damaged: " + e.getMessage(), e);
    }
  }

  /** All of it or nothing, whatever happens meanwhile. */
  private static void replace(Path path, Map<?, ?> content) throws IOException {
    Dump dump = new Dump(DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build());
    byte[] bytes = dump.dumpToString(content).getBytes(StandardCharsets.UTF_8);
    Path written = path.resolveSibling(path.getFileName() + ".tmp");
    Files.write(written, bytes);
    sync(written);
    Files.move(written, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    sync(path.resolveSibling("."));
  }

  /** Has a file, or the names in a folder, reach the disk. */
  static void sync(Path path) throws IOException {
    StandardOpenOption how =
        Files.isDirectory(path) ? StandardOpenOption.READ : StandardOpenOption.WRITE;
    try (FileChannel channel = FileChannel.open(path, how)) {
      channel.force(true);
    }
  }
}
