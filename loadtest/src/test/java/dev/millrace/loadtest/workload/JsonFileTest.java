// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import static dev.millrace.loadtest.workload.Signatures.list;
import static dev.millrace.loadtest.workload.Signatures.spec;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.tensor.DataType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonFileTest {
  private static final ModelSignature MODEL =
      Signatures.model(
          List.of(spec("x", DataType.FP32, -1, 2)), List.of(spec("y", DataType.FP32, -1)));

  @TempDir private Path directory;

  @Test
  void readsARequestOfTheProtocol() throws IOException {
    Path file =
        file(
            """
            {"id": "7", "parameters": {"a": [1, {"inputs": 2}]}, "inputs": [
              {"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [1, 2.5, -3, 1e2]}],
             "outputs": [{"name": "y"}]}
            """);

    assertThat(sets(file, MODEL))
        .containsExactly(List.of(Signatures.floats("x", list(2, 2), 1, 2.5f, -3, 100)));
  }

  @Test
  void membersComeInAnyOrderAndDataMayBeNested() throws IOException {
    Path file = file("{\"inputs\":[{\"data\": [ [1,2],[3,4]], \"é\":\"ü\",\"name\":\"x\"}]}");

    assertThat(sets(file, MODEL))
        .containsExactly(List.of(Signatures.floats("x", list(2, 2), 1, 2, 3, 4)));
  }

  @Test
  void readsSeveralRequests() throws IOException {
    Path file =
        file(
            """
            [{"inputs": [{"name": "x", "shape": [1, 2], "data": [1, 2]}]},
             {"inputs": [{"name": "x", "shape": [1, 2], "data": [[3, 4]]}]}]
            """);

    assertThat(sets(file, MODEL))
        .containsExactly(
            List.of(Signatures.floats("x", list(1, 2), 1, 2)),
            List.of(Signatures.floats("x", list(1, 2), 3, 4)));
  }

  @Test
  void putsInputsInTheModelsOrder() throws IOException {
    ModelSignature model =
        Signatures.model(
            List.of(spec("a", DataType.INT8, 1), spec("b", DataType.INT8, 1)), List.of());
    Path file = file("{\"inputs\":[{\"name\":\"b\",\"data\":[2]},{\"name\":\"a\",\"data\":[1]}]}");

    assertThat(sets(file, model).getFirst()).extracting(Tensor::name).containsExactly("a", "b");
  }

  @Test
  void readsNumbersThatAreNone() throws IOException {
    Path file = file("{\"outputs\":[{\"name\":\"y\",\"data\":[NaN,\"Infinity\",-Infinity]}]}");

    assertThat(DataFile.read(file).sets(MODEL, Side.OUTPUT, 1))
        .containsExactly(
            List.of(
                Signatures.floats(
                    "y", list(3), Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "BOOL; true, false, 1; 010001",
        "UINT8; 0, 255, 3.0; 00ff03",
        "UINT16; 65535; ffff",
        "UINT32; 4294967295; ffffffff",
        "UINT64; 18446744073709551615; ffffffffffffffff",
        "INT8; -128, 127; 807f",
        "INT16; -2; feff",
        "INT32; -2147483648; 00000080",
        "INT64; -9223372036854775808; 0000000000000080",
        "FP16; 1, -2; 003c00c0",
        "FP32; 0.1; cdcccc3d",
        "FP64; 0.1; 9a9999999999b93f",
        "BF16; 1, 3.140625; 803f4940",
        "BYTES; \"a\", \"é\"; 010000006102000000c3a9",
      })
  void encodesEveryType(DataType type, String data, String hex) throws IOException {
    ModelSignature model = Signatures.model(List.of(spec("x", type, -1)), List.of());
    Path file = file("{\"inputs\":[{\"name\":\"x\",\"data\":[" + data + "]}]}");

    assertThat(
            HexFormat.of().formatHex(sets(file, model).getFirst().getFirst().raw().toByteArray()))
        .isEqualTo(hex);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "BOOL; 2",
        "UINT8; 256",
        "UINT8; -1",
        "UINT64; 18446744073709551616",
        "INT8; 128",
        "INT32; 1.5",
        "INT32; 1e99",
        "INT64; true",
        "FP32; \"one\"",
        "FP32; null",
        "BYTES; 1"
      })
  void namesTheElementThatIsNotOfTheType(DataType type, String data) throws IOException {
    ModelSignature model = Signatures.model(List.of(spec("x", type, -1)), List.of());
    Path file = file("{\"inputs\":[{\"name\":\"x\",\"data\":[" + data + "]}]}");

    assertThatThrownBy(() -> sets(file, model))
        .isInstanceOf(WorkloadException.class)
        .hasMessage(
            "%s request 1 input 'x' element 0: %s (expected %s)",
            file, data.replace("\"", ""), type);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "'name':'x','shape':[1,2],'data':[1,2,3]; data of shape [3] (expected [1,2], nested or flat)",
        "'name':'x','shape':[2,2],'data':[[1,2,3,4]]; data of shape [1,4] (expected [2,2]",
        "'name':'x','shape':[2,1],'data':[1,2]; shape [2,1] (expected [-1,2])",
        "'name':'x','data':[[1,2],[3]]; rows of different lengths, [1] after [2]",
        "'name':'x','datatype':'FP64','data':[1]; datatype 'FP64' (expected FP32)",
        "'name':'x'; request 1 input 'x': no data",
        "'name':'z','data':[1]; 'z' is no input of model 'm' (expected x FP32 [-1,2])",
        "'data':[1]; request 1: an input without a name",
        "'name':1; (expected a string)",
        "'name':'x','shape':[-1],'data':[1]; -1 (expected 0 or more)",
      })
  void refusesTensorsThatDoNotFit(String tensor, String reason) throws IOException {
    Path file = file("{\"inputs\":[{" + tensor.replace('\'', '"') + "}]}");

    assertThatThrownBy(() -> sets(file, MODEL))
        .isInstanceOf(WorkloadException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining(reason);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "''; : the end (expected an object with \"inputs\", or an array of them)",
        "3; 1:1: 3 (expected an object",
        "[]; empty (expected at least one request)",
        "{}; request 1: no \"inputs\" (expected at least one)",
        "{\"inputs\":[; 1:",
        "{\"inputs\":3}; 1:11: 3 (expected an array of inputs)",
        "{\"inputs\":[{\"name\":\"x\",\"data\":[[1,2]]}]} 5; 5 (expected nothing more)",
        "hello; Unrecognized token 'hello'",
      })
  void refusesOtherText(String text, String reason) throws IOException {
    Path file = file(text);

    assertThatThrownBy(() -> sets(file, MODEL))
        .isInstanceOf(WorkloadException.class)
        .hasMessageStartingWith(file.toString())
        .hasMessageContaining(reason);
  }

  @Test
  void refusesRequestsThatAreNotComplete() throws IOException {
    ModelSignature model =
        Signatures.model(
            List.of(spec("a", DataType.INT8, 1), spec("b", DataType.INT8, 1)), List.of());
    Path missing = file("{\"inputs\":[{\"name\":\"b\",\"data\":[2]}]}");
    assertThatThrownBy(() -> sets(missing, model))
        .hasMessageContaining("request 1: no input 'a' (expected one for each input");

    String b = "{\"name\":\"b\",\"data\":[2]}";
    Path twice = file("{\"inputs\":[" + b + "," + b + ",{\"name\":\"a\",\"data\":[1]}]}");
    assertThatThrownBy(() -> sets(twice, model))
        .hasMessageContaining("request 1: 'b' 2 times (expected once)");
  }

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("data.json"), text);
  }

  private static List<List<Tensor>> sets(Path file, ModelSignature model) {
    return DataFile.read(file).sets(model, Side.INPUT, 1);
  }
}
