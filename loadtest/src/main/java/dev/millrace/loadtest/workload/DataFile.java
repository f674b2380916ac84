// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Tensors that the user brings, read and held in memory. */
sealed interface DataFile permits JsonFile, NumpyFile {
  /**
   * Requests or answers in one file: each has a histogram of its own, and more of the same shape
   * tell no more about speed.
   */
  int MAX_SETS = 256;

  /**
   * The sets of tensors for one side of a model, one set a request.
   *
   * @param rows of a request, where the file leaves that open
   * @return at least one set of at least one tensor, each tensor with its name, type and shape as
   *     the model has them; inputs are complete and in the model's order
   * @throws WorkloadException if the file does not fit the model
   */
  List<List<Tensor>> sets(ModelSignature model, Side side, int rows);

  /**
   * Reads a file, whose format its name tells.
   *
   * @throws WorkloadException if it cannot be read or is of no known format
   */
  static DataFile read(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    try {
      if (Files.isDirectory(file)) {
        throw new WorkloadException("%s: a directory (expected a file)".formatted(file));
      }
      if (name.endsWith(".npz") || name.endsWith(".npy")) {
        return NumpyFile.read(file, name.endsWith(".npz"));
      }
      if (name.endsWith(".json")) {
        return JsonFile.read(file);
      }
    } catch (NoSuchFileException e) {
      throw new WorkloadException("%s: no such file".formatted(file), e);
    } catch (IOException e) {
      throw new WorkloadException("%s: cannot be read: %s".formatted(file, e.getMessage()), e);
    }
    throw new WorkloadException(
        "%s: neither random nor zeros nor a file ending in .json, .npz or .npy".formatted(file));
  }

  /** Refuses more sets than {@link #MAX_SETS}. */
  static void checkCount(Path file, long sets) {
    if (sets > MAX_SETS) {
      throw new WorkloadException(
          "%s: %d requests (expected at most %d; more rows each, or a part of the file)"
              .formatted(file, sets, MAX_SETS));
    }
  }
}
