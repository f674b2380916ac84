// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.TextFormat;
import com.google.protobuf.util.JsonFormat;
import dev.millrace.backends.repository.BroughtModels;
import dev.millrace.backends.storage.Digests;
import dev.millrace.proto.inference.ModelConfig;
import dev.millrace.proto.inference.ModelRepositoryParameter;
import dev.millrace.proto.inference.ModelRepositoryParameter.ParameterChoiceCase;
import java.io.IOException;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a RepositoryModelLoad brings along, as Triton has it: {@code config}, a ModelConfig as JSON,
 * in place of the model's own, and with it {@code file:1/model.onnx} and so on, which are then all
 * the model has.
 *
 * @param config as JSON; empty for none
 * @param files by their names below the model's folder
 */
record BroughtContent(String config, SortedMap<String, ByteString> files) {
  private static final String CONFIG = "config";
  private static final String FILE = "file:";

  /** Reads it; what is none of this is refused, in Triton's words. */
  static BroughtContent of(Map<String, ModelRepositoryParameter> parameters) {
    SortedMap<String, ByteString> files = new TreeMap<>();
    String config = "";
    for (Map.Entry<String, ModelRepositoryParameter> parameter : parameters.entrySet()) {
      String name = parameter.getKey();
      if (name.equals(CONFIG)) {
        require(parameter, ParameterChoiceCase.STRING_PARAM);
        config = parameter.getValue().getStringParam();
      } else if (name.startsWith(FILE)) {
        require(parameter, ParameterChoiceCase.BYTES_PARAM);
        files.put(fileName(name), parameter.getValue().getBytesParam());
      } else {
        throw AdminJson.invalid("unrecognized load parameter '%s'.".formatted(name));
      }
    }
    if (!files.isEmpty() && config.isEmpty()) {
      throw AdminJson.invalid(
          "load parameter '%s%s' without 'config' (expected the configuration of the files)"
              .formatted(FILE, files.firstKey()));
    }
    return new BroughtContent(config, files);
  }

  private static void require(
      Map.Entry<String, ModelRepositoryParameter> parameter, ParameterChoiceCase expected) {
    if (parameter.getValue().getParameterChoiceCase() != expected) {
      throw AdminJson.invalid(
          "invalid value type for load parameter '%s', expected %s."
              .formatted(parameter.getKey(), expected.name().toLowerCase(Locale.ROOT)));
    }
  }

  /** A name that stays inside of the model's folder. */
  private static String fileName(String parameter) {
    String name = parameter.substring(FILE.length());
    for (String part : name.split("/", -1)) {
      if (part.isEmpty() || part.startsWith(".") || part.indexOf('\\') >= 0) {
        throw AdminJson.invalid(
            "load parameter '%s' (expected a name such as %s1/model.onnx)"
                .formatted(parameter, FILE));
      }
    }
    return name;
  }

  /** Has the model be this from its next load on. */
  void bring(String model, BroughtModels models) throws IOException {
    if (config.isEmpty()) {
      models.forget(model);
    } else if (files.isEmpty()) {
      models.bringConfig(model, pbtxt());
    } else {
      Map<String, byte[]> contents = new TreeMap<>();
      files.forEach((name, bytes) -> contents.put(name, bytes.toByteArray()));
      models.bringFiles(model, pbtxt(), contents);
    }
  }

  private String pbtxt() {
    ModelConfig.Builder message = ModelConfig.newBuilder();
    try {
      JsonFormat.parser().merge(config, message);
    } catch (InvalidProtocolBufferException e) {
      throw AdminJson.invalid("load parameter 'config': " + e.getMessage());
    }
    return TextFormat.printer().printToString(message);
  }

  /** For the log of changes: what was brought, by its digests; empty for nothing. */
  String digests() {
    if (config.isEmpty()) {
      return "";
    }
    return "config SHA-256 %s".formatted(Digests.of(config))
        + files.entrySet().stream()
            .map(file -> ", %s SHA-256 %s".formatted(file.getKey(), digest(file.getValue())))
            .collect(Collectors.joining());
  }

  private static String digest(ByteString bytes) {
    MessageDigest digest = Digests.sha256();
    bytes.asReadOnlyByteBufferList().forEach(digest::update);
    return Digests.hex(digest);
  }
}
