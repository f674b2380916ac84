// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.mlflow;

import dev.millrace.backends.repository.ListedFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/** What MLflow says a version can be loaded by: the keys under {@code flavors} in its MLmodel. */
final class Flavors {
  private static final String FILE = "MLmodel";
  private static final int MAX_BYTES = 4 << 20;

  private Flavors() {}

  /**
   * Makes sure that a version is an ONNX model; one without an MLmodel is judged by its files.
   *
   * @throws IOException if it says that it is something else
   */
  static void requireOnnx(String model, long version, Artifacts place, List<ListedFile> files)
      throws IOException {
    if (files.stream().noneMatch(file -> file.name().equals(FILE))) {
      return;
    }
    Set<String> flavors = read(place);
    if (!flavors.isEmpty() && !flavors.contains("onnx")) {
      throw new IOException(
          "model '%s' version %d: MLflow flavors %s (expected onnx: convert the model, and log it with mlflow.onnx)"
              .formatted(model, version, flavors));
    }
  }

  private static Set<String> read(Artifacts place) throws IOException {
    byte[] text;
    try (InputStream in = place.open(FILE, 0)) {
      text = in.readNBytes(MAX_BYTES);
    }
    Set<String> flavors = new TreeSet<>();
    try {
      Object root =
          new Load(LoadSettings.builder().setLabel(FILE).setCodePointLimit(MAX_BYTES).build())
              .loadFromString(new String(text, StandardCharsets.UTF_8));
      if (root instanceof Map<?, ?> map && map.get("flavors") instanceof Map<?, ?> all) {
        all.keySet().forEach(flavor -> flavors.add(String.valueOf(flavor)));
      }
    } catch (YamlEngineException e) {
      return Set.of(); // by its files, then
    }
    return flavors;
  }
}
