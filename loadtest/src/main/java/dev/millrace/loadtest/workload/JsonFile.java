// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Requests or answers in the protocol's JSON: an object with {@code inputs} or {@code outputs}, or
 * an array of such objects.
 */
final class JsonFile implements DataFile {
  /** Text of this size is some hundred million numbers; numpy's files are made for that. */
  private static final long MAX_BYTES = 1L << 30;

  private final Path file;
  private final byte[] text;

  private JsonFile(Path file, byte[] text) {
    this.file = file;
    this.text = text;
  }

  static JsonFile read(Path file) throws IOException {
    long size = Files.size(file);
    if (size > MAX_BYTES) {
      throw new WorkloadException(
          "%s: %d bytes of JSON (expected at most %d; an .npz file may be larger)"
              .formatted(file, size, MAX_BYTES));
    }
    return new JsonFile(file, Files.readAllBytes(file));
  }

  @Override
  public List<List<Tensor>> sets(ModelSignature model, Side side, int rows) {
    List<List<Tensor>> sets = parse(model, side);
    if (sets.isEmpty()) {
      throw new WorkloadException("%s: empty (expected at least one request)".formatted(file));
    }
    DataFile.checkCount(file, sets.size());
    List<List<Tensor>> ordered = new ArrayList<>();
    for (int i = 0; i < sets.size(); i++) {
      ordered.add(ordered(model, side, "%s request %d".formatted(file, i + 1), sets.get(i)));
    }
    return ordered;
  }

  private List<List<Tensor>> parse(ModelSignature model, Side side) {
    try {
      return new JsonTensors(file, text, model, side).read();
    } catch (JsonProcessingException e) {
      throw new WorkloadException(
          "%s:%d:%d: %s"
              .formatted(
                  file,
                  e.getLocation() == null ? 0 : e.getLocation().getLineNr(),
                  e.getLocation() == null ? 0 : e.getLocation().getColumnNr(),
                  // one line, without where Jackson saw the beginning of what does not end
                  e.getOriginalMessage()
                      .replaceAll("\\s*\\R\\s*", " ")
                      .replaceAll(" \\(start marker.*", "")),
          e);
    } catch (IOException e) {
      // an array in memory has no other errors
      throw new UncheckedIOException(e);
    }
  }

  private static List<Tensor> ordered(
      ModelSignature model, Side side, String source, List<Tensor> tensors) {
    List<Tensor> ordered = new ArrayList<>();
    for (TensorSpec spec : model.side(side)) {
      Optional<Tensor> tensor = only(source, spec.name(), tensors);
      if (tensor.isEmpty() && side == Side.INPUT) {
        throw new WorkloadException(
            "%s: no input '%s' (expected one for each input of model '%s': %s)"
                .formatted(source, spec.name(), model.name(), model.list(side)));
      }
      tensor.ifPresent(ordered::add);
    }
    return ordered;
  }

  private static Optional<Tensor> only(String source, String name, List<Tensor> tensors) {
    List<Tensor> found = tensors.stream().filter(t -> t.name().equals(name)).toList();
    if (found.size() > 1) {
      throw new WorkloadException(
          "%s: '%s' %d times (expected once)".formatted(source, name, found.size()));
    }
    return found.stream().findFirst();
  }
}
