// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.warmup;

import dev.millrace.backends.json.JsonException;
import dev.millrace.backends.model.CheckedInputs;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.InputChecker;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.repository.WarmUpRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Reads the samples of a version: the requests {@code warmup/*.json}, and those that the model's
 * configuration asks for. Each is compared with the signature, as a client's request is.
 */
public final class SampleReader {
  private static final String JSON = ".json";

  /** Each is run at least once, and a model is not to be hours away from serving. */
  private static final int MOST_SAMPLES = 256;

  /** Of all samples of a version: they stay in memory for replicas to come. */
  private static final long MOST_BYTES = 64 << 20;

  private final ModelSignature signature;
  private final InputChecker checker;
  private final SampleFiles files;
  private final ConfiguredTensors configuredTensors;
  private final RequestJson json;
  private final List<Sample> samples = new ArrayList<>();
  private long bytes;

  /**
   * @param model its name, for messages
   * @param files by their names below the folder {@code warmup}
   */
  public SampleReader(String model, ModelSignature signature, Map<String, Path> files) {
    this.signature = signature;
    this.checker = new InputChecker(model, signature, Integer.MAX_VALUE);
    this.files = new SampleFiles(files);
    this.configuredTensors = new ConfiguredTensors(signature, this.files);
    this.json = new RequestJson(signature);
  }

  /** Where a sample's tensors come from. */
  private interface Source {
    NamedTensors read() throws IOException, InferException;
  }

  /**
   * Reads all of them.
   *
   * @param configured what the model's configuration asks for
   * @throws ModelLoadException if one cannot be read or does not fit the model, and which one
   */
  public List<Sample> read(List<WarmUpRequest> configured) throws ModelLoadException {
    for (WarmUpRequest request : configured) {
      add(request.name(), request.copies(), request.runs(), () -> configuredTensors.read(request));
    }
    for (String name : files.names()) {
      if (name.endsWith(JSON)) {
        add("warmup/" + name, 1, 1, () -> json.read(files.text(name)));
      }
    }
    return List.copyOf(samples);
  }

  private void add(String what, int copies, int runs, Source source) throws ModelLoadException {
    if (samples.size() == MOST_SAMPLES) {
      throw new ModelLoadException(
          "%s: one sample too many (expected at most %d)".formatted(what, MOST_SAMPLES));
    }
    try {
      NamedTensors tensors = source.read();
      CheckedInputs inputs = checker.check(tensors);
      tensors.requireWhole();
      requireBatch(inputs.rows(), copies);
      requireRoom(inputs.bytes());
      samples.add(new Sample(what, inputs, copies, runs));
    } catch (InferException | IOException | JsonException | ArithmeticException e) {
      throw new ModelLoadException("%s: %s".formatted(what, e.getMessage()), e);
    }
  }

  private void requireBatch(int rows, int copies) throws InferException {
    int most = Math.max(1, signature.maxBatchSize());
    if (rows == 0) {
      throw InferException.invalid("0 rows (expected 1 or more)");
    }
    if (copies > 1 && (long) rows * copies > most) {
      throw InferException.invalid(
          "%d rows in a batch (expected at most %d, max_batch_size)"
              .formatted((long) rows * copies, most));
    }
  }

  private void requireRoom(long more) throws InferException {
    bytes += more;
    if (bytes > MOST_BYTES) {
      throw InferException.invalid(
          "%d bytes with the samples before it (expected at most %d)".formatted(bytes, MOST_BYTES));
    }
  }
}
