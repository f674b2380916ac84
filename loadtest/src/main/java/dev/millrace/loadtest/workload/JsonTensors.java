// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import dev.millrace.backends.tensor.DataType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads the tensors of one side of a model out of JSON. Members of an object come in any order, so
 * that its data is passed over at first, and read from its place once its type is known.
 */
final class JsonTensors {
  private static final JsonFactory JSON =
      new JsonFactoryBuilder()
          // what Python writes for numbers that are none
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .build();

  private final Path file;
  private final byte[] text;
  private final ModelSignature model;
  private final Side side;
  private int sets;

  JsonTensors(Path file, byte[] text, ModelSignature model, Side side) {
    this.file = file;
    this.text = text;
    this.model = model;
    this.side = side;
  }

  List<List<Tensor>> read() throws IOException {
    List<List<Tensor>> all = new ArrayList<>();
    try (JsonParser parser = JSON.createParser(text)) {
      JsonToken first = parser.nextToken();
      if (first == JsonToken.START_OBJECT) {
        all.add(set(parser));
      } else if (first == JsonToken.START_ARRAY) {
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          all.add(set(parser));
        }
      } else {
        throw unexpected(parser, "an object with \"%ss\", or an array of them".formatted(side));
      }
      if (parser.nextToken() != null) {
        throw unexpected(parser, "nothing more");
      }
    }
    return all;
  }

  private List<Tensor> set(JsonParser parser) throws IOException {
    sets++;
    expect(parser, JsonToken.START_OBJECT, "an object with \"%ss\"".formatted(side));
    List<Tensor> tensors = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      boolean wanted = parser.currentName().equals(side + "s");
      JsonToken value = parser.nextToken();
      if (!wanted) {
        parser.skipChildren();
        continue;
      }
      if (value != JsonToken.START_ARRAY) {
        throw unexpected(parser, "an array of %ss".formatted(side));
      }
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        tensors.add(tensor(parser));
      }
    }
    if (tensors.isEmpty()) {
      throw new WorkloadException(
          "%s request %d: no \"%ss\" (expected at least one)".formatted(file, sets, side));
    }
    return tensors;
  }

  private Tensor tensor(JsonParser parser) throws IOException {
    expect(parser, JsonToken.START_OBJECT, "an object with name, datatype, shape and data");
    String name = null;
    String datatype = null;
    List<Long> shape = null;
    long data = -1;
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      String key = parser.currentName();
      parser.nextToken();
      switch (key) {
        case "name" -> name = string(parser);
        case "datatype" -> datatype = string(parser);
        case "shape" -> shape = shape(parser);
        case "data" -> {
          data = parser.currentTokenLocation().getByteOffset();
          parser.skipChildren();
        }
        default -> parser.skipChildren();
      }
    }
    if (name == null) {
      throw new WorkloadException(
          "%s request %d: %s without a name".formatted(file, sets, article()));
    }
    return tensor(known(name, datatype), shape, data);
  }

  private String article() {
    return side == Side.INPUT ? "an input" : "an output";
  }

  private TensorSpec known(String name, @Nullable String datatype) {
    Optional<TensorSpec> spec = model.find(side, name);
    if (spec.isEmpty()) {
      throw new WorkloadException(
          "%s: '%s' is no %s of model '%s' (expected %s)"
              .formatted(source(name), name, side, model.name(), model.list(side)));
    }
    if (datatype != null && !datatype.equals(spec.get().type().name())) {
      throw new WorkloadException(
          "%s: datatype '%s' (expected %s)".formatted(source(name), datatype, spec.get().type()));
    }
    return spec.get();
  }

  private Tensor tensor(TensorSpec spec, @Nullable List<Long> given, long data) throws IOException {
    String source = source(spec.name());
    if (data < 0) {
      throw new WorkloadException("%s: no data".formatted(source));
    }
    DataType type = spec.type();
    JsonElements elements = new JsonElements(source, type);
    List<Long> nested;
    try (JsonParser parser = JSON.createParser(text, (int) data, text.length - (int) data)) {
      parser.nextToken();
      nested = elements.read(parser);
    }
    List<Long> shape = given == null ? nested : given;
    boolean flat = nested.size() == 1 && Tensor.elements(shape) == nested.getFirst();
    if (!flat && !nested.equals(shape)) {
      throw new WorkloadException(
          "%s: data of shape %s (expected %s, nested or flat)"
              .formatted(source, Tensor.text(nested), Tensor.text(shape)));
    }
    if (!spec.accepts(shape)) {
      throw new WorkloadException(
          "%s: shape %s (expected %s)"
              .formatted(source, Tensor.text(shape), Tensor.text(spec.shape())));
    }
    return new Tensor(spec.name(), type, shape, elements.raw());
  }

  private String source(String name) {
    return "%s request %d %s '%s'".formatted(file, sets, side, name);
  }

  private String string(JsonParser parser) throws IOException {
    expect(parser, JsonToken.VALUE_STRING, "a string");
    return parser.getText();
  }

  private List<Long> shape(JsonParser parser) throws IOException {
    expect(parser, JsonToken.START_ARRAY, "an array of dimensions");
    List<Long> shape = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      expect(parser, JsonToken.VALUE_NUMBER_INT, "a dimension");
      long dim = parser.getLongValue();
      if (dim < 0) {
        throw unexpected(parser, "0 or more");
      }
      shape.add(dim);
    }
    return shape;
  }

  private void expect(JsonParser parser, JsonToken token, String what) throws IOException {
    if (parser.currentToken() != token) {
      throw unexpected(parser, what);
    }
  }

  private WorkloadException unexpected(JsonParser parser, String what) throws IOException {
    JsonToken token = parser.currentToken();
    return new WorkloadException(
        "%s:%d:%d: %s (expected %s)"
            .formatted(
                file,
                parser.currentTokenLocation().getLineNr(),
                parser.currentTokenLocation().getColumnNr(),
                token == null ? "the end" : parser.getText(),
                what));
  }
}
