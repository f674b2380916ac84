// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** Arrays named as the tensors of a model; a {@code .npy} file holds one, which needs no name. */
final class NumpyFile implements DataFile {
  private static final String SUFFIX = ".npy";

  private final Path file;
  private final Map<String, NpyArray> arrays;
  private final boolean named;

  private NumpyFile(Path file, Map<String, NpyArray> arrays, boolean named) {
    this.file = file;
    this.arrays = arrays;
    this.named = named;
  }

  static NumpyFile read(Path file, boolean zipped) throws IOException {
    if (!zipped) {
      try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
        return new NumpyFile(file, Map.of("", NpyArray.read(file.toString(), in)), false);
      }
    }
    Map<String, NpyArray> arrays = new LinkedHashMap<>();
    // by its directory: numpy's local headers promise sizes that streams cannot trust
    try (ZipFile zip = new ZipFile(file.toFile())) {
      for (ZipEntry entry : Collections.list(zip.entries())) {
        String name = entry.getName();
        name = name.endsWith(SUFFIX) ? name.substring(0, name.length() - SUFFIX.length()) : name;
        try (InputStream in = zip.getInputStream(entry)) {
          arrays.put(name, NpyArray.read("%s array '%s'".formatted(file, name), in));
        }
      }
    } catch (ZipException e) {
      throw new WorkloadException("%s: not an .npz file: %s".formatted(file, e.getMessage()), e);
    }
    return new NumpyFile(file, arrays, true);
  }

  @Override
  public List<List<Tensor>> sets(ModelSignature model, Side side, int rows) {
    List<List<Tensor>> columns = new ArrayList<>();
    bySpec(model, side)
        .forEach((spec, array) -> columns.add(ArrayCut.cut(file, array, side, spec, rows)));
    int count = columns.stream().mapToInt(List::size).max().orElseThrow();
    List<List<Tensor>> sets = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      List<Tensor> set = new ArrayList<>();
      for (List<Tensor> column : columns) {
        set.add(column.get(index(column, i, count)));
      }
      sets.add(set);
    }
    return sets;
  }

  /** An array for a single request serves all of them: a threshold beside many images. */
  private int index(List<Tensor> column, int i, int count) {
    if (column.size() != 1 && column.size() != count) {
      throw new WorkloadException(
          "%s: array '%s' holds %d requests (expected %d, as the others)"
              .formatted(file, column.getFirst().name(), column.size(), count));
    }
    return column.size() == 1 ? 0 : i;
  }

  private Map<TensorSpec, NpyArray> bySpec(ModelSignature model, Side side) {
    Map<TensorSpec, NpyArray> bySpec = new LinkedHashMap<>();
    if (!named && model.side(side).size() == 1) {
      bySpec.put(model.side(side).getFirst(), arrays.values().iterator().next());
      return bySpec;
    }
    checkNames(model, side);
    for (TensorSpec spec : model.side(side)) {
      NpyArray array = arrays.get(spec.name());
      if (array != null) {
        bySpec.put(spec, array);
      } else if (side == Side.INPUT) {
        throw new WorkloadException(
            "%s: no array '%s' (expected one for each input of model '%s': %s)"
                .formatted(file, spec.name(), model.name(), model.list(side)));
      }
    }
    if (bySpec.isEmpty()) {
      throw new WorkloadException(
          "%s: no array for any %s of model '%s' (%s)"
              .formatted(file, side, model.name(), model.list(side)));
    }
    return bySpec;
  }

  private void checkNames(ModelSignature model, Side side) {
    if (!named) {
      throw new WorkloadException(
          "%s: one array without a name for %d %ss of model '%s' (expected an .npz file)"
              .formatted(file, model.side(side).size(), side, model.name()));
    }
    for (String name : arrays.keySet()) {
      // one file may hold both sides
      if (model.find(side, name).isEmpty() && model.find(side.other(), name).isEmpty()) {
        throw new WorkloadException(
            "%s: array '%s' is no %s of model '%s' (expected %s)"
                .formatted(file, name, side, model.name(), model.list(side)));
      }
    }
  }
}
