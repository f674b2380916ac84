// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.backends.json.Elements;
import dev.millrace.backends.json.Json;
import dev.millrace.backends.json.JsonText;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferRequest.InferInputTensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A request as a sample for a model's warm-up: its inputs in the REST protocol's form, with all
 * that metadata would tell.
 */
final class SampleText {
  private SampleText() {}

  /** Writes the inputs of a request whose contents are raw, as ours are. */
  static String of(ModelInferRequest request) {
    List<Json> inputs = new ArrayList<>();
    for (int i = 0; i < request.getInputsCount(); i++) {
      DataType type = DataType.valueOf(request.getInputs(i).getDatatype());
      List<Json> elements =
          Elements.decode(type, request.getRawInputContents(i).asReadOnlyByteBuffer());
      inputs.add(input(request.getInputs(i), elements));
    }
    return JsonText.write(new Json.Members(Map.of("inputs", new Json.Items(inputs)))) + "\n";
  }

  private static Json input(InferInputTensor input, List<Json> elements) {
    Map<String, Json> members = new LinkedHashMap<>();
    members.put("name", new Json.Text(input.getName()));
    members.put(
        "shape",
        new Json.Items(
            input.getShapeList().stream()
                .<Json>map(size -> new Json.Num(Long.toString(size)))
                .toList()));
    members.put("datatype", new Json.Text(input.getDatatype()));
    members.put("data", new Json.Items(elements));
    return new Json.Members(members);
  }
}
