// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import static dev.millrace.loadtest.workload.Numpy.floats;
import static dev.millrace.loadtest.workload.Numpy.npy;
import static dev.millrace.loadtest.workload.Signatures.list;
import static dev.millrace.loadtest.workload.Signatures.spec;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.millrace.backends.tensor.DataType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NumpyFileTest {
  private static final TensorSpec X = spec("x", DataType.FP32, -1, 2);
  private static final TensorSpec T = spec("t", DataType.FP32, 1);
  private static final ModelSignature MODEL =
      Signatures.model(List.of(X), List.of(spec("y", DataType.FP32, -1, 1)));

  @TempDir private Path directory;

  @Test
  void readsWhatNumpyWrites() throws IOException {
    Path file = directory.resolve("numpy.npz");
    try (InputStream in = NumpyFileTest.class.getResourceAsStream("numpy.npz")) {
      Files.copy(Objects.requireNonNull(in), file);
    }
    ModelSignature model =
        Signatures.model(
            List.of(
                spec("words", DataType.BYTES, -1, 1),
                spec("x", DataType.FP32, -1, 4),
                spec("ids", DataType.INT64, -1, 2)),
            List.of());

    List<List<Tensor>> sets = DataFile.read(file).sets(model, Side.INPUT, 2);

    assertThat(sets).hasSize(2);
    assertThat(sets.get(0)).extracting(Tensor::name).containsExactly("words", "x", "ids");
    assertThat(sets.get(0).get(0).raw())
        .isEqualTo(ByteString.copyFrom(new byte[] {1, 0, 0, 0, 'a', 3, 0, 0, 0, 'b', 'c', 'd'}));
    assertThat(sets.get(1).get(0).raw()).isEqualTo(ByteString.copyFrom(new byte[4]));
    assertThat(sets.get(1).get(1))
        .isEqualTo(Signatures.floats("x", list(1, 4), 2, 2.25f, 2.5f, 2.75f));
    assertThat(sets.get(1).get(2).raw())
        .isEqualTo(
            ByteString.copyFrom(new byte[] {5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0}));
  }

  @Test
  void cutsRowsIntoRequests() throws IOException {
    Path file = npz(Map.of("x", npy("<f4", "3, 2", floats(1, 2, 3, 4, 5, 6))));

    assertThat(sets(file, MODEL, 1)).hasSize(3);
    assertThat(sets(file, MODEL, 2))
        .containsExactly(
            List.of(Signatures.floats("x", list(2, 2), 1, 2, 3, 4)),
            List.of(Signatures.floats("x", list(1, 2), 5, 6)));
    assertThat(sets(file, MODEL, 3)).hasSize(1);
    assertThat(sets(file, MODEL, 9)).hasSize(1);
  }

  @Test
  void anAxisMoreCountsRequests() throws IOException {
    Path file = npz(Map.of("x", npy("<f4", "2, 1, 2", floats(1, 2, 3, 4))));

    assertThat(sets(file, MODEL, 1))
        .containsExactly(
            List.of(Signatures.floats("x", list(1, 2), 1, 2)),
            List.of(Signatures.floats("x", list(1, 2), 3, 4)));
    Path single = npz(Map.of("x", npy("<f4", "1, 1, 2", floats(1, 2))));
    assertThat(sets(single, MODEL, 1))
        .containsExactly(List.of(Signatures.floats("x", list(1, 2), 1, 2)));
  }

  @Test
  void anArrayOfOneRequestServesAll() throws IOException {
    ModelSignature model = Signatures.model(List.of(X, T), List.of());
    Path file =
        npz(Map.of("x", npy("<f4", "2, 2", floats(1, 2, 3, 4)), "t", npy("<f4", "1,", floats(9))));

    assertThat(sets(file, model, 1))
        .extracting(set -> set.get(1))
        .containsOnly(Signatures.floats("t", list(1), 9))
        .hasSize(2);
  }

  @Test
  void aFileMayHoldBothSides() throws IOException {
    Path file =
        npz(
            Map.of(
                "x", npy("<f4", "2, 2", floats(1, 2, 3, 4)),
                "y", npy("<f4", "2, 1", floats(5, 6))));

    assertThat(sets(file, MODEL, 1)).hasSize(2);
    assertThat(DataFile.read(file).sets(MODEL, Side.OUTPUT, 1))
        .containsExactly(
            List.of(Signatures.floats("y", list(1, 1), 5)),
            List.of(Signatures.floats("y", list(1, 1), 6)));
  }

  @Test
  void anArrayAloneBelongsToTheOnlyInput() throws IOException {
    Path file = Files.write(directory.resolve("x.npy"), npy("<f4", "1, 2", floats(1, 2)));

    assertThat(sets(file, MODEL, 1)).hasSize(1);
    assertThatThrownBy(() -> sets(file, Signatures.model(List.of(X, T), List.of()), 1))
        .hasMessage(
            file + ": one array without a name for 2 inputs of model 'm' (expected an .npz file)");
  }

  @Test
  void readsAllVersionsOfTheFormat() throws IOException {
    for (int version = 1; version <= 3; version++) {
      String header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }\n";
      Path file = npz(Map.of("x", npy(version, header, floats(1, 2))));
      assertThat(sets(file, MODEL, 1)).hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "BOOL,|b1,1", "UINT8,|u1,1", "UINT16,<u2,2", "UINT32,<u4,4", "UINT64,<u8,8", "INT8,|i1,1",
    "INT16,<i2,2", "INT32,<i4,4", "INT64,<i8,8", "FP16,<f2,2", "FP32,<f4,4", "FP64,<f8,8",
    "BF16,<V2,2", "BF16,<u2,2"
  })
  void takesTheTypeThatBelongsToTheInput(DataType type, String descr, int bytes)
      throws IOException {
    Path file = npz(Map.of("x", npy(descr, "2,", new byte[2 * bytes])));
    ModelSignature model = Signatures.model(List.of(spec("x", type, 2)), List.of());

    assertThat(sets(file, model, 1).getFirst().getFirst().raw().size()).isEqualTo(2 * bytes);
  }

  @Test
  void refusesAnotherTypeThanTheInputs() throws IOException {
    Path file = npz(Map.of("x", npy("<f8", "1, 2", new byte[16])));

    assertThatThrownBy(() -> sets(file, MODEL, 1))
        .isInstanceOf(WorkloadException.class)
        .hasMessage(file + " array 'x': type '<f8' (expected '<f4' for FP32)");
  }

  @Test
  void refusesAnotherShapeThanTheInputs() throws IOException {
    Path file = npz(Map.of("x", npy("<f4", "1, 3", floats(1, 2, 3))));

    assertThatThrownBy(() -> sets(file, MODEL, 1))
        .hasMessage(
            file
                + " array 'x': shape [1,3]"
                + " (expected [-1,2] as the input, or an axis of requests before it)");
    Path empty = npz(Map.of("x", npy("<f4", "0, 2", new byte[0])));
    assertThatThrownBy(() -> sets(empty, MODEL, 1)).hasMessageContaining("shape [0,2]");
  }

  @Test
  void refusesArraysThatDoNotBelongTogether() throws IOException {
    Path missing = npz(Map.of("y", npy("<f4", "1, 1", floats(1))));
    assertThatThrownBy(() -> sets(missing, MODEL, 1))
        .hasMessage(
            missing + ": no array 'x' (expected one for each input of model 'm': x FP32 [-1,2])");

    Path unknown = npz(Map.of("z", npy("<f4", "1, 1", floats(1))));
    assertThatThrownBy(() -> sets(unknown, MODEL, 1))
        .hasMessage(unknown + ": array 'z' is no input of model 'm' (expected x FP32 [-1,2])");

    TensorSpec other = spec("o", DataType.FP32, -1);
    Path counts =
        npz(
            Map.of(
                "x", npy("<f4", "3, 2", floats(1, 2, 3, 4, 5, 6)),
                "o", npy("<f4", "2,", floats(1, 2))));
    assertThatThrownBy(() -> sets(counts, Signatures.model(List.of(X, other), List.of()), 1))
        .hasMessage(counts + ": array 'o' holds 2 requests (expected 3, as the others)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '"',
      value = {
        "'descr': '<U4', 'fortran_order': False, 'shape': (1,);save text with dtype 'S'",
        "'descr': '|O', 'fortran_order': False, 'shape': (1,);(expected numbers, booleans",
        "'descr': '>f4', 'fortran_order': False, 'shape': (1,);is big-endian",
        "'descr': '<f4', 'fortran_order': True, 'shape': (1, 2);in Fortran order (expected C",
        "'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,);an array of records",
        "'descr': '<f4', 'fortran_order': False, 'shape': (99999, 99999);less than 2 GiB",
        "'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,);shape (",
        "'descr': '<f4', 'fortran_order': False, 'shape': (3,);ends after 4 bytes (expected 12)",
        "'shape': (1,);not a numpy array",
      })
  void refusesArraysItCannotTake(String header, String reason) throws IOException {
    Path file = npz(Map.of("x", npy(1, "{" + header + "}", floats(1))));

    assertThatThrownBy(() -> DataFile.read(file))
        .isInstanceOf(WorkloadException.class)
        .hasMessageStartingWith(file + " array 'x': ")
        .hasMessageContaining(reason);
  }

  @Test
  void refusesFilesOfAnotherFormat() throws IOException {
    Path text = Files.writeString(directory.resolve("x.npz"), "hello");
    Path npy = Files.writeString(directory.resolve("x.npy"), "hello");
    Path other = Files.writeString(directory.resolve("x.csv"), "hello");
    Path none = directory.resolve("none.npz");

    assertThatThrownBy(() -> DataFile.read(text)).hasMessageStartingWith(text + ": not an .npz");
    assertThatThrownBy(() -> DataFile.read(npy)).hasMessage(npy + ": not a numpy array");
    assertThatThrownBy(() -> DataFile.read(other))
        .hasMessageContaining("nor a file ending in .json, .npz or .npy");
    assertThatThrownBy(() -> DataFile.read(none)).hasMessage(none + ": no such file");
  }

  @Test
  void refusesMoreRequestsThanHaveAUse() throws IOException {
    Path file = npz(Map.of("x", npy("<f4", "300, 2", new byte[2400])));

    assertThatThrownBy(() -> sets(file, MODEL, 1))
        .hasMessageStartingWith(file + ": 300 requests (expected at most 256");
    assertThat(sets(file, MODEL, 100)).hasSize(3);
  }

  private Path npz(Map<String, byte[]> arrays) throws IOException {
    return Numpy.npz(Files.createTempFile(directory, "a", ".npz"), arrays);
  }

  private static List<List<Tensor>> sets(Path file, ModelSignature model, int rows) {
    return DataFile.read(file).sets(model, Side.INPUT, rows);
  }
}
