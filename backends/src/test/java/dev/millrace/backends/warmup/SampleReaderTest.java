// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.warmup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.repository.WarmUpRequest;
import dev.millrace.backends.repository.WarmUpRequest.Source;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class SampleReaderTest {
  private static final ModelSignature SIGNATURE =
      new ModelSignature(
          List.of(
              new TensorSpec("x", DataType.FP32, -1, 2),
              new TensorSpec("text", DataType.BYTES, -1, 1)),
          List.of(),
          new ModelSignature.Batching.Batched(8));

  @TempDir private Path folder;
  private final Map<String, Path> files = new TreeMap<>();

  private void write(String name, byte[] content) throws IOException {
    files.put(name, Files.write(folder.resolve(name), content));
  }

  private void write(String name, String content) throws IOException {
    write(name, content.getBytes(StandardCharsets.UTF_8));
  }

  private List<Sample> read(WarmUpRequest... configured) throws ModelLoadException {
    return new SampleReader("m", SIGNATURE, files).read(List.of(configured));
  }

  private static WarmUpRequest request(int copies, Source text) {
    return new WarmUpRequest(
        "warmup 'w'",
        copies,
        2,
        List.of(
            new WarmUpRequest.Input("x", Optional.empty(), List.of(1L, 2L), new Source.Zeros()),
            new WarmUpRequest.Input("text", Optional.empty(), List.of(1L, 1L), text)));
  }

  @Test
  void readsRequestsAsClientsWriteThem() throws Exception {
    write(
        "b.json",
        """
        {"id": "7", "parameters": {"priority": 1}, "outputs": [{"name": "y"}], "inputs": [
          {"name": "text", "shape": [1, 1], "datatype": "BYTES", "data": ["hé"]},
          {"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2.5]}]}
        """);
    write(
        "a.json",
        """
        {"inputs": [{"name": "x", "data": [[1, 2], [3, 4]]}, {"name": "text", "data": [["a"], ["b"]]}]}
        """);
    write("notes.txt", "no sample");

    List<Sample> samples = read();

    assertThat(samples).extracting(Sample::name).containsExactly("warmup/a.json", "warmup/b.json");
    assertThat(samples).extracting(Sample::rows).containsExactly(2, 1);
    ByteBuffer x = samples.getLast().input(0).contiguous().order(ByteOrder.LITTLE_ENDIAN);
    assertThat(x.getFloat(4)).isEqualTo(2.5f);
    assertThat(samples.getLast().input(1).byteLength()).isEqualTo(4 + 3);
  }

  @Test
  void makesWhatTheConfigurationAsksFor() throws Exception {
    write("text.bin", new byte[] {2, 0, 0, 0, 'h', 'i'});

    List<Sample> samples =
        read(request(4, new Source.Content("text.bin")), request(1, new Source.Random()));

    assertThat(samples).extracting(Sample::copies).containsExactly(4, 1);
    assertThat(samples).extracting(Sample::runs).containsExactly(2, 2);
    assertThat(samples.getFirst().input(1).byteLength()).isEqualTo(6);
    assertThat(samples.getLast().input(1).byteLength()).isEqualTo(5); // a letter
  }

  @ParameterizedTest
  @EnumSource(DataType.class)
  void makesRandomElementsOfEveryType(DataType type) throws Exception {
    ModelSignature signature =
        new ModelSignature(
            List.of(new TensorSpec("x", type, 3)),
            List.of(),
            new ModelSignature.Batching.Unbatched("told so"));
    WarmUpRequest.Input input =
        new WarmUpRequest.Input("x", Optional.of(type), List.of(3L), new Source.Random());

    List<Sample> samples =
        new SampleReader("m", signature, Map.of())
            .read(List.of(new WarmUpRequest("w", 1, 1, List.of(input))));

    int elementBytes = type.isFixedSize() ? type.byteSize() : 5;
    assertThat(samples.getFirst().input(0).byteLength()).isEqualTo(3L * elementBytes);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{ | warmup/s.json: not JSON: ",
        "[1] | warmup/s.json: the request is an array (expected an object)",
        "{} | warmup/s.json: the request without 'inputs'",
        "{\"instances\": []} | 'instances' in the request (expected id, inputs, outputs, parameters)",
        "{\"inputs\": []} | warmup/s.json: input 'x': missing (model 'm' expects",
        "{\"inputs\": [{\"name\": \"x\"}]} | input 'x': the input without 'data'",
        "{\"inputs\": [{\"name\": \"z\", \"data\": [1]}]} | input 'z': not of this model, and no",
        "{\"inputs\": [{\"name\": \"x\", \"data\": [\"one\"]}]} | input 'x': element \"one\" (expected FP32)",
        "{\"inputs\": [{\"name\": \"x\", \"data\": [[1, 2, 3]]}]} | input 'x': shape [1,3] (expected [-1,2])",
        "{\"inputs\": [{\"name\": \"x\", \"shape\": [1, 2], \"data\": [1]}]} | input 'x': 1 elements (expected 2",
        "{\"inputs\": [{\"name\": \"x\", \"datatype\": \"INT8\", \"data\": [[1, 2]]}]} | datatype INT8 (expected FP32)",
        "{\"inputs\": [{\"name\": \"x\", \"datatype\": \"FLOAT\", \"data\": [[1, 2]]}]} | datatype 'FLOAT' (expec",
        "{\"inputs\": [{\"name\": \"x\", \"data\": [[1, 2]]}, {\"name\": \"text\", \"data\": [[\"a\"], [\"b\"]]}]} | input 'text': 2 rows (expected 1",
      })
  void saysWhichFileAndWhatOfIt(String json, String problem) throws IOException {
    write("s.json", json);

    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(this::read)
        .withMessageStartingWith("warmup/s.json: ")
        .withMessageContaining(problem);
  }

  @Test
  void refusesRawBytesThatDoNotAddUp() throws IOException {
    write("text.bin", new byte[] {9, 0, 0, 0, 'h', 'i'});

    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> read(request(1, new Source.Content("text.bin"))))
        .withMessage("warmup 'w': input 'text': 6 bytes (expected 13 for BYTES[1,1])");
  }

  @Test
  void saysWhatThereIsIfAFileIsMissing() throws IOException {
    write("text.bin", new byte[4]);

    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> read(request(1, new Source.Content("txt.bin"))))
        .withMessage(
            "warmup 'w': file 'txt.bin' is not in the folder warmup (there is [text.bin])");
  }

  @Test
  void refusesABatchThatTheModelDoesNotTake() {
    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> read(request(9, new Source.Zeros())))
        .withMessage("warmup 'w': 9 rows in a batch (expected at most 8, max_batch_size)");
  }
}
