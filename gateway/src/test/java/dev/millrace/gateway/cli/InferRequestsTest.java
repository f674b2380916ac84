// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.json.Elements;
import dev.millrace.backends.json.Json;
import dev.millrace.backends.json.JsonException;
import dev.millrace.backends.json.JsonText;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelMetadataResponse;
import dev.millrace.proto.inference.ModelMetadataResponse.TensorMetadata;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class InferRequestsTest {
  private static final ModelMetadataResponse ONE_INPUT =
      ModelMetadataResponse.newBuilder().addInputs(tensor("x", "FP32", -1, 2)).build();
  private static final ModelMetadataResponse TWO_INPUTS =
      ONE_INPUT.toBuilder().addInputs(tensor("ids", "INT64", -1)).build();

  @Test
  void theRestFormNeedsNoMetadata() {
    ModelInferRequest request =
        request(
            ModelMetadataResponse.getDefaultInstance(),
            """
            {"id": "a", "parameters": {"priority": 2, "share": 0.5, "who": "me", "fast": true},
             "inputs": [{"name": "y", "shape": [2, 1], "datatype": "INT8", "data": [1, 2],
                         "parameters": {"p": 1}}],
             "outputs": [{"name": "o"}]}
            """);

    assertThat(request.getId()).isEqualTo("a");
    assertThat(request.getParametersOrThrow("priority").getInt64Param()).isEqualTo(2);
    assertThat(request.getParametersOrThrow("share").getDoubleParam()).isEqualTo(0.5);
    assertThat(request.getParametersOrThrow("who").getStringParam()).isEqualTo("me");
    assertThat(request.getParametersOrThrow("fast").getBoolParam()).isTrue();
    assertThat(request.getInputs(0).getName()).isEqualTo("y");
    assertThat(request.getInputs(0).getDatatype()).isEqualTo("INT8");
    assertThat(request.getInputs(0).getShapeList()).containsExactly(2L, 1L);
    assertThat(request.getInputs(0).getParametersOrThrow("p").getInt64Param()).isEqualTo(1);
    assertThat(request.getRawInputContents(0).toByteArray()).containsExactly(1, 2);
    assertThat(request.getOutputs(0).getName()).isEqualTo("o");
  }

  @Test
  void theRestFormTakesNestedDataAndFillsInWhatItLeavesOut() {
    ModelInferRequest request =
        request(ONE_INPUT, "{\"inputs\": [{\"name\": \"x\", \"data\": [[1, 2], [3, 4]]}]}");

    assertThat(request.getInputs(0).getDatatype()).isEqualTo("FP32");
    assertThat(request.getInputs(0).getShapeList()).containsExactly(2L, 2L);
  }

  @Test
  void namesWithArraysTakeTypeAndShapeFromTheModel() {
    ModelInferRequest request = request(TWO_INPUTS, "{\"x\": [[1, 2]], \"ids\": [7]}");

    assertThat(request.getInputsList())
        .extracting(ModelInferRequest.InferInputTensor::getDatatype)
        .containsExactly("FP32", "INT64");
    assertThat(
            Elements.decode(DataType.INT64, request.getRawInputContents(1).asReadOnlyByteBuffer()))
        .containsExactly(new Json.Num("7"));
  }

  @Test
  void aBareArrayIsTheOnlyInput() {
    assertThat(request(ONE_INPUT, "[1, 2]").getInputs(0).getShapeList()).containsExactly(1L, 2L);

    assertThatThrownBy(() -> request(TWO_INPUTS, "[1, 2]"))
        .hasMessage("an array for a model of 2 inputs (expected an object with x, ids)");
  }

  @Test
  void anInputMayBeCalledInputs() {
    ModelMetadataResponse metadata =
        ModelMetadataResponse.newBuilder().addInputs(tensor("inputs", "FP32", -1)).build();

    assertThat(request(metadata, "{\"inputs\": [1, 2]}").getInputs(0).getShapeList())
        .containsExactly(2L);
  }

  @Test
  void saysWhatIsWrongWithTheData() {
    assertProblem("{\"z\": [1]}", "input 'z': not of this model (expected x, ids)");
    assertProblem("{\"x\": [[1, 2, 3]]}", "input 'x': shape [1,3] (expected [-1,2])");
    assertProblem("{\"ids\": [1.5]}", "input 'ids': element 1.5 (expected INT64)");
    assertProblem("3", "a number (expected an object or an array)");
    assertProblem("{\"inputs\": [{\"data\": [1]}]}", "an input without 'name'");
    assertProblem("{\"inputs\": [{\"name\": \"x\"}]}", "input 'x' without 'data'");
    assertProblem(
        "{\"inputs\": [{\"name\": \"x\", \"shape\": [3], \"data\": [1]}]}",
        "input 'x': 1 elements (expected 3 for shape [3])");
    assertProblem(
        "{\"inputs\": [{\"name\": \"x\", \"shape\": [-1], \"data\": [1]}]}",
        "input 'x': shape [-1] (expected sizes from 0)");
    assertProblem(
        "{\"inputs\": [], \"imputs\": []}",
        "'imputs' (expected inputs, outputs, id or parameters)");
  }

  private static void assertProblem(String json, String message) {
    assertThatThrownBy(() -> request(TWO_INPUTS, json))
        .isInstanceOf(JsonException.class)
        .hasMessage(message);
  }

  private static ModelInferRequest request(ModelMetadataResponse metadata, String json) {
    return new InferRequests(metadata).of(JsonText.parse(json)).build();
  }

  private static TensorMetadata tensor(String name, String datatype, long... shape) {
    return TensorMetadata.newBuilder()
        .setName(name)
        .setDatatype(datatype)
        .addAllShape(List.of(Arrays.stream(shape).boxed().toArray(Long[]::new)))
        .build();
  }
}
