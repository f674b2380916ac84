// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The parts of a ModelInferResponse that are the same in all answers of one model version, as they
 * stand on the wire. Immutable; made once for a served version.
 */
final class ResponseTemplate {
  private static final int MODEL_NAME = 1;
  private static final int MODEL_VERSION = 2;
  private static final int OUTPUT_NAME = 1;
  private static final int OUTPUT_DATATYPE = 2;
  private static final Map<DataType, byte[]> DATATYPES = new EnumMap<>(DataType.class);

  static {
    for (DataType type : DataType.values()) {
      DATATYPES.put(type, Wire.field(OUTPUT_DATATYPE, type.name().getBytes(UTF_8)));
    }
  }

  private final byte[] prefix;
  private final byte[][] outputNames;

  /**
   * @param version the version that answers, not the one asked for
   * @param outputs all outputs, in the order of the model's signature
   */
  ResponseTemplate(String modelName, String version, List<TensorSpec> outputs) {
    byte[] name = Wire.field(MODEL_NAME, modelName.getBytes(UTF_8));
    byte[] number = Wire.field(MODEL_VERSION, version.getBytes(UTF_8));
    prefix = new byte[name.length + number.length];
    Wire.put(prefix, Wire.put(prefix, 0, name), number);
    outputNames = new byte[outputs.size()][];
    for (int i = 0; i < outputNames.length; i++) {
      outputNames[i] = Wire.field(OUTPUT_NAME, outputs.get(i).name().getBytes(UTF_8));
    }
  }

  /** The fields model_name and model_version. */
  byte[] prefix() {
    return prefix;
  }

  int outputCount() {
    return outputNames.length;
  }

  /** The field name of output {@code index}, as it stands in an InferOutputTensor. */
  byte[] outputName(int index) {
    return outputNames[index];
  }

  /** The field datatype, as it stands in an InferOutputTensor. */
  static byte[] dataType(DataType type) {
    return Objects.requireNonNull(DATATYPES.get(type));
  }
}
