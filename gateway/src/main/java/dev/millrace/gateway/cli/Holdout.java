// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import com.google.protobuf.ByteString;
import dev.millrace.backends.json.Elements;
import dev.millrace.backends.json.Json;
import dev.millrace.backends.json.JsonException;
import dev.millrace.backends.json.JsonText;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferRequest.InferInputTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Rows that a demo model has not seen in training, and what its training script found for them.
 *
 * @param shape of one request's input: one row, then the model's own dimensions
 * @param labelOutput the output that holds the class; if empty, the largest score is the class
 * @param labels the right class of each row
 * @param accuracy the share of right answers that the training script counted
 */
record Holdout(
    String model,
    String inputName,
    DataType datatype,
    List<Long> shape,
    Optional<String> labelOutput,
    String scoreOutput,
    List<String> classNames,
    List<List<Json>> rows,
    List<Integer> labels,
    double accuracy) {

  /** Those of a folder, in the order of the files' names. */
  static List<Holdout> readAll(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new InputException(
          "%s: no such folder (the demo is started by the launcher 'millrace')".formatted(folder));
    }
    List<Holdout> holdouts = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
        holdouts.add(read(file));
      }
    }
    return holdouts;
  }

  static Holdout read(Path file) throws IOException {
    try {
      return of(JsonText.parse(Files.readString(file)));
    } catch (InputException | JsonException | ClassCastException | NumberFormatException e) {
      throw new IOException("%s: %s".formatted(file, e.getMessage()), e);
    }
  }

  private static Holdout of(Json json) {
    Json.Members input = (Json.Members) member(json, "input");
    DataType datatype = DataType.of(text(member(input, "datatype")));
    if (datatype == null) {
      throw new InputException("datatype " + JsonText.write(member(input, "datatype")));
    }
    return new Holdout(
        text(member(json, "model")),
        text(member(input, "name")),
        datatype,
        items(member(input, "shape")).stream().map(size -> Math.max(1, whole(size))).toList(),
        member(json, "label_output") instanceof Json.Text label
            ? Optional.of(label.text())
            : Optional.empty(),
        text(member(json, "score_output")),
        items(member(json, "class_names")).stream().map(Holdout::text).toList(),
        items(member(json, "rows")).stream().map(Holdout::items).toList(),
        items(member(json, "labels")).stream().map(label -> (int) whole(label)).toList(),
        Double.parseDouble(((Json.Num) member(json, "accuracy")).literal()));
  }

  /** How many rows the training script found answered rightly. */
  int expectedCorrect() {
    return (int) Math.round(accuracy * rows.size());
  }

  /** A request for one row each. */
  List<ModelInferRequest> requests() {
    return rows.stream().map(this::request).toList();
  }

  private ModelInferRequest request(List<Json> row) {
    return ModelInferRequest.newBuilder()
        .setModelName(model)
        .addInputs(
            InferInputTensor.newBuilder()
                .setName(inputName)
                .setDatatype(datatype.name())
                .addAllShape(shape))
        .addRawInputContents(ByteString.copyFrom(Elements.encode(datatype, row)))
        .build();
  }

  private static Json member(Json json, String name) {
    return ((Json.Members) json)
        .get(name)
        .orElseThrow(() -> new InputException("'%s' is missing".formatted(name)));
  }

  private static List<Json> items(Json json) {
    return ((Json.Items) json).items();
  }

  private static String text(Json json) {
    return ((Json.Text) json).text();
  }

  private static long whole(Json json) {
    return Long.parseLong(((Json.Num) json).literal());
  }
}
