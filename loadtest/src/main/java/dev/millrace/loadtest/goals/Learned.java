// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a gateway has learned of a model, as its HTTP port tells.
 *
 * @param costs of batches, one for each shape, at least one
 * @param rejections since the model was loaded, by reason
 * @param explanation in sentences
 * @param json all of it, for whoever reads curves
 */
record Learned(
    List<Cost> costs, Map<String, Long> rejections, List<String> explanation, String json) {
  private static final JsonFactory JSON = new JsonFactory();

  Learned {
    costs = List.copyOf(costs);
    rejections = Map.copyOf(rejections);
    explanation = List.copyOf(explanation);
  }

  /**
   * Of one shape.
   *
   * @param shape its name
   * @param samples batches that it was learned from
   * @param bestRows of the batch with most rows per second
   * @param bestMicros that such a batch takes
   * @param variation of run times, standard deviation over mean
   */
  record Cost(String shape, long samples, int bestRows, double bestMicros, double variation) {
    String words() {
      return String.format(
          Locale.ROOT,
          "%d rows in %.1f ms, run times vary by %.0f %%",
          bestRows,
          bestMicros / 1e3,
          100 * variation);
    }
  }

  /** Of the shape whose best batch takes longest. */
  Cost longest() {
    return costs.stream().max(Comparator.comparingDouble(Cost::bestMicros)).orElseThrow();
  }

  /**
   * Reads an answer.
   *
   * @throws IOException if it is not such a one, with its beginning
   */
  static Learned parse(String json) throws IOException {
    List<Cost> costs = new ArrayList<>();
    Map<String, Long> rejections = new LinkedHashMap<>();
    List<String> explanation = new ArrayList<>();
    try (JsonParser parser = JSON.createParser(json)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        switch (name) {
          case "explanation" -> {
            while (parser.nextToken() != JsonToken.END_ARRAY) {
              explanation.add(parser.getText());
            }
          }
          case "rejections" -> {
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
              rejections.put(parser.currentName(), parser.nextLongValue(0));
            }
          }
          case "curves" -> {
            while (parser.nextToken() != JsonToken.END_ARRAY) {
              costs.add(cost(parser));
            }
          }
          default -> parser.skipChildren();
        }
      }
    }
    if (costs.isEmpty()) {
      throw new IOException(
          "scheduling: no curves (expected at least one) in '%.200s'".formatted(json));
    }
    return new Learned(costs, rejections, explanation, json);
  }

  private static Cost cost(JsonParser parser) throws IOException {
    String shape = "";
    long samples = 0;
    int rows = 1;
    double micros = 0;
    double variation = 0;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      switch (name) {
        case "shape" -> shape = parser.getText();
        case "samples" -> samples = parser.getLongValue();
        case "cap_rows" -> rows = parser.getIntValue();
        case "cap_micros" -> micros = parser.getDoubleValue();
        case "variation" -> variation = parser.getDoubleValue();
        default -> parser.skipChildren();
      }
    }
    return new Cost(shape, samples, rows, micros, variation);
  }
}
