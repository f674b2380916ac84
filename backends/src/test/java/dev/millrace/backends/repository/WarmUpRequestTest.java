// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.millrace.backends.repository.WarmUpRequest.Input;
import dev.millrace.backends.repository.WarmUpRequest.Source;
import dev.millrace.backends.tensor.DataType;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What configurations say of the requests that a model is warmed up with. */
final class WarmUpRequestTest {
  private static List<WarmUpRequest> yaml(String text) throws ManifestException {
    return new YamlManifest(Set.of("onnxruntime")).parse(text).warmUp();
  }

  private static List<WarmUpRequest> pbtxt(String text) throws ManifestException {
    return new PbtxtManifest("m", Set.of("onnxruntime")).parse(text).warmUp();
  }

  @Test
  void readsRequestsOfModelYaml() throws ManifestException {
    List<WarmUpRequest> requests =
        yaml(
            """
            warmup:
              - name: long text
                copies: 4
                runs: 2
                inputs:
                  - {name: ids, shape: [1, 128], data: random}
                  - {name: mask, shape: [1, 128], file: mask.bin}
              - inputs:
                  - {name: ids, shape: [1, 8], data: zeros}
            """);

    assertThat(requests)
        .containsExactly(
            new WarmUpRequest(
                "warmup 'long text'",
                4,
                2,
                List.of(
                    new Input("ids", Optional.empty(), List.of(1L, 128L), new Source.Random()),
                    new Input(
                        "mask",
                        Optional.empty(),
                        List.of(1L, 128L),
                        new Source.Content("mask.bin")))),
            new WarmUpRequest(
                "warmup 'warmup[1]'",
                1,
                1,
                List.of(new Input("ids", Optional.empty(), List.of(1L, 8L), new Source.Zeros()))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "warmup: all | warmup: all (expected a list of requests)",
        "warmup: [x] | warmup[0]: x (expected a map)",
        "warmup: [{name: x}] | warmup[0].inputs is missing",
        "warmup: [{inputs: [], copies: 0}] | warmup[0].copies: 0 (expected 1..65536)",
        "warmup: [{inputs: [], runs: 1001}] | warmup[0].runs: 1001 (expected 1..1000)",
        "warmup: [{inputs: [{name: x, data: zeros}]}] | warmup[0].inputs[0].shape is missing",
        "warmup: [{inputs: [{name: x, shape: [-1], data: zeros}]}] | inputs[0].shape: -1 (expected",
        "warmup: [{inputs: [{name: x, shape: [1]}]}] | .data is missing (expected data: zeros, data",
        "warmup: [{inputs: [{name: x, shape: [1], data: ones}]}] | .data: ones (expected zeros or",
        "warmup: [{inputs: [{name: x, shape: [1], data: zeros, file: a}]}] | both data and file",
        "warmup: [{input: []}] | warmup[0].input: unknown key (did you mean 'inputs'?)",
      })
  void saysWhatIsWrongInModelYaml(String text, String problem) {
    assertThatExceptionOfType(ManifestException.class)
        .isThrownBy(() -> yaml(text))
        .withMessageContaining(problem);
  }

  @Test
  void readsTritonsWarmUp() throws ManifestException {
    String warmUp =
        """
        model_warmup [
          {
            name: "zeros" batch_size: 4 count: 3
            inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 2, 3 ] zero_data: true } }
            inputs { key: "t" value { data_type: TYPE_STRING dims: 1 input_data_file: "t" } }
          },
          { name: "once" inputs { key: "x" value { data_type: TYPE_INT8 dims: 2 random_data: true } } }
        ]
        """;

    assertThat(pbtxt("max_batch_size: 8\n" + warmUp))
        .containsExactly(
            new WarmUpRequest(
                "model_warmup 'zeros'",
                4,
                3,
                List.of(
                    new Input(
                        "x", Optional.of(DataType.FP32), List.of(1L, 2L, 3L), new Source.Zeros()),
                    new Input(
                        "t",
                        Optional.of(DataType.BYTES),
                        List.of(1L, 1L),
                        new Source.Content("t")))),
            new WarmUpRequest(
                "model_warmup 'once'",
                1,
                1,
                List.of(
                    new Input(
                        "x", Optional.of(DataType.INT8), List.of(1L, 2L), new Source.Random()))));
    assertThat(pbtxt("max_batch_size: 0\n" + warmUp).getLast().inputs().getFirst().shape())
        .containsExactly(2L);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "dims: 2 zero_data: true | model_warmup 'w' input 'x': data_type is missing (expected TYPE_",
        "data_type: TYPE_FP32 dims: 2 | model_warmup 'w' input 'x': no data (expected zero_data, ran",
        "data_type: TYPE_FP32 dims: -1 zero_data: true | dims [-1] (expected sizes)",
      })
  void saysWhatIsWrongInTritonsWarmUp(String value, String problem) {
    String text =
        "model_warmup { name: \"w\" inputs { key: \"x\" value { %s } } }".formatted(value);

    assertThatExceptionOfType(ManifestException.class)
        .isThrownBy(() -> pbtxt(text))
        .withMessageContaining(problem);
  }
}
