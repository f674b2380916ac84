// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/** Reads deployments as people declare them: YAML, of which JSON is a part, one document each. */
final class DeploymentFile {
  private static final JsonFactory JSON = new JsonFactory();

  /** The field whose values are settings of models. */
  private static final String SETTINGS = "config";

  private DeploymentFile() {}

  /**
   * All that a file declares.
   *
   * @param name of the file, for messages
   */
  static List<DeploymentSpec> read(String name, String text) throws IOException {
    List<DeploymentSpec> specs = new ArrayList<>();
    try {
      Load load =
          new Load(LoadSettings.builder().setLabel(name).setSchema(new LiteralNumbers()).build());
      for (Object document : load.loadAllFromString(text)) {
        if (!(document instanceof Map<?, ?> map)) {
          throw new InputException(name + ": no mapping (expected 'name: ...' and so on)");
        }
        DeploymentSpec.Builder spec = DeploymentSpec.newBuilder();
        JsonFormat.parser().merge(json(map), spec);
        specs.add(spec.build());
      }
    } catch (YamlEngineException e) {
      throw new InputException(name + ": " + e.getMessage());
    } catch (InvalidProtocolBufferException e) {
      throw new InputException(name + ": " + e.getMessage());
    }
    if (specs.isEmpty()) {
      throw new InputException(name + ": nothing is declared in it");
    }
    return specs;
  }

  private static String json(Map<?, ?> map) throws IOException {
    StringWriter text = new StringWriter();
    try (JsonGenerator out = JSON.createGenerator(text)) {
      write(map, out, false);
    }
    return text.toString();
  }

  /**
   * Writes a value.
   *
   * @param isSetting whether it is one of {@code model.yaml}, where it would be read as it is
   *     written
   */
  private static void write(@Nullable Object value, JsonGenerator out, boolean isSetting)
      throws IOException {
    switch (value) {
      case null -> out.writeNull();
      case Map<?, ?> map -> {
        out.writeStartObject();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          String key = String.valueOf(entry.getKey());
          out.writeFieldName(key);
          write(entry.getValue(), out, isSetting || key.equals(SETTINGS));
        }
        out.writeEndObject();
      }
      case List<?> list -> {
        out.writeStartArray();
        for (Object item : list) {
          write(item, out, isSetting);
        }
        out.writeEndArray();
      }
      case Boolean flag -> out.writeBoolean(flag);
      case Integer number -> out.writeNumber(number);
      case Long number -> out.writeNumber(number);
      case Double number -> out.writeNumber(number);
      case BigDecimal number -> write(number, out, isSetting);
      default -> out.writeString(value.toString());
    }
  }

  /**
   * A setting whose digits a JSON number would lose goes as text: what wants a number refuses it.
   */
  private static void write(BigDecimal number, JsonGenerator out, boolean isSetting)
      throws IOException {
    boolean isWhole = number.stripTrailingZeros().scale() <= 0; // 64.0 would become 64
    boolean isKept = Double.toString(number.doubleValue()).equals(number.toString());
    if (isSetting && (isWhole || !isKept)) {
      out.writeString(number.toString());
    } else {
      out.writeNumber(number);
    }
  }
}
