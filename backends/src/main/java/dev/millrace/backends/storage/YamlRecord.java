// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.storage;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/** A file of ours as YAML: for people too, and to be repaired by hand if need be. */
public record YamlRecord(Map<?, ?> values) {

  /** Of a file of ours, which is bounded when it is written. */
  private static final int MOST_CODE_POINTS = 64 << 20;

  /** Makes something of a record. */
  @FunctionalInterface
  public interface Reading<T> {
    T read(YamlRecord record) throws IOException;
  }

  /**
   * Reads a file.
   *
   * @throws IOException if it cannot be read, or is not what {@code reading} expects
   */
  public static <T> T load(Path path, Reading<T> reading) throws IOException {
    LoadSettings settings =
        LoadSettings.builder()
            .setLabel(path.toString())
            .setCodePointLimit(MOST_CODE_POINTS)
            .build();
    String text = Files.readString(path);
    try {
      return reading.read(new YamlRecord((Map<?, ?>) new Load(settings).loadFromString(text)));
    } catch (YamlEngineException
        | ClassCastException
        | NullPointerException
        | DateTimeException e) {
      throw new IOException(path + " is damaged: " + e.getMessage(), e);
    }
  }

  /** Replaces a file. */
  public static void save(Path path, Map<String, ?> values) throws IOException {
    Dump dump = new Dump(DumpSettings.builder().setDefaultFlowStyle(FlowStyle.BLOCK).build());
    DurableFiles.replace(path, dump.dumpToString(values).getBytes(StandardCharsets.UTF_8));
  }

  /** A value of the type; one that is missing or of another type damages the record. */
  public <T> T get(String key, Class<T> type) {
    return type.cast(Objects.requireNonNull(values.get(key), key + " is missing"));
  }

  public String text(String key) {
    return get(key, String.class);
  }

  public long number(String key) {
    return get(key, Number.class).longValue();
  }

  /** A record in this one. */
  public YamlRecord record(String key) {
    return new YamlRecord((Map<?, ?>) get(key, Map.class));
  }

  /** Its items, each a text. */
  public List<String> texts(String key) {
    return items(key).stream().map(String.class::cast).toList();
  }

  /** Its items, each a record. */
  public List<YamlRecord> records(String key) {
    return items(key).stream().map(item -> new YamlRecord((Map<?, ?>) item)).toList();
  }

  private List<?> items(String key) {
    return (List<?>) get(key, List.class);
  }
}
