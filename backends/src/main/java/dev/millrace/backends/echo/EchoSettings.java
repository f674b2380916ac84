// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.echo;

import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What {@link EchoBackend} was told. */
record EchoSettings(
    ModelSignature signature,
    long delayNanosPerBatch,
    long delayNanosPerRow,
    boolean spin,
    String failWhen,
    String hangWhen,
    boolean wrongShape,
    long loadDelayMillis,
    String loadFailure) {

  private static final Pattern SPEC =
      Pattern.compile("\\s*(\\S+)\\s+(\\w+)\\s*\\[([-0-9,\\s]*)]\\s*");

  private static final Set<String> KEYS =
      new TreeSet<>(
          Set.of(
              "inputs",
              "outputs",
              "unbatched",
              "delay_micros_per_batch",
              "delay_micros_per_row",
              "delay",
              "fail_when",
              "hang_when",
              "wrong_shape",
              "load_delay_millis",
              "load_failure"));

  static EchoSettings parse(Map<String, String> given, ModelOptions options)
      throws ModelLoadException {
    for (String key : given.keySet()) {
      if (!KEYS.contains(key)) {
        throw new ModelLoadException("unknown option '" + key + "' (expected one of " + KEYS + ")");
      }
    }
    List<TensorSpec> inputs =
        options.declaredInputs().isEmpty()
            ? specs(given.getOrDefault("inputs", "x FP32[-1,4]"))
            : options.declaredInputs();
    TensorSpec first = inputs.get(0);
    List<TensorSpec> outputs =
        options.declaredOutputs().isEmpty()
            ? given.containsKey("outputs")
                ? specs(given.getOrDefault("outputs", ""))
                : List.of(new TensorSpec("y", first.dataType(), first.shape()))
            : options.declaredOutputs();
    return new EchoSettings(
        new ModelSignature(inputs, outputs, batching(given, options)),
        number(given, "delay_micros_per_batch") * 1000,
        number(given, "delay_micros_per_row") * 1000,
        given.getOrDefault("delay", "park").equals("spin"),
        given.getOrDefault("fail_when", ""),
        given.getOrDefault("hang_when", ""),
        given.getOrDefault("wrong_shape", "false").equals("true"),
        number(given, "load_delay_millis"),
        given.getOrDefault("load_failure", ""));
  }

  private static ModelSignature.Batching batching(Map<String, String> given, ModelOptions options) {
    int configured = options.maxBatchSize().orElse(ModelOptions.DEFAULT_MAX_BATCH_SIZE);
    if (configured == 0) {
      return new ModelSignature.Batching.Unbatched("configured");
    }
    String reason = given.getOrDefault("unbatched", "");
    return reason.isEmpty()
        ? new ModelSignature.Batching.Batched(configured)
        : new ModelSignature.Batching.Unbatched(reason);
  }

  private static List<TensorSpec> specs(String text) throws ModelLoadException {
    List<TensorSpec> specs = new ArrayList<>();
    for (String part : text.split(";", -1)) {
      Matcher matcher = SPEC.matcher(part);
      DataType type = matcher.matches() ? DataType.of(matcher.group(2)) : null;
      if (type == null) {
        throw new ModelLoadException("tensor '" + part + "' (expected 'name TYPE[dim,dim]')");
      }
      specs.add(new TensorSpec(matcher.group(1), type, shape(matcher.group(3))));
    }
    return List.copyOf(specs);
  }

  private static long[] shape(String dims) throws ModelLoadException {
    if (dims.isBlank()) {
      return new long[0];
    }
    String[] parts = dims.split(",", -1);
    long[] shape = new long[parts.length];
    for (int i = 0; i < shape.length; i++) {
      try {
        shape[i] = Long.parseLong(parts[i].strip());
      } catch (NumberFormatException e) {
        throw new ModelLoadException("dimension '" + parts[i] + "' (expected a number)", e);
      }
    }
    return shape;
  }

  private static long number(Map<String, String> given, String key) throws ModelLoadException {
    String text = given.getOrDefault(key, "0");
    try {
      long number = Long.parseLong(text);
      if (number >= 0 && number <= 3_600_000_000L) {
        return number;
      }
    } catch (NumberFormatException e) {
      // reported below with what was expected
    }
    throw new ModelLoadException(key + ": '" + text + "' (expected 0 or more)");
  }
}
