// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.millrace.loadtest.workload.WorkloadException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads measured service curves: {@code {"curves":[{"shape":"64","rows":[1,8],"micros":[50,90]}]}}.
 * Other members are skipped, so that whoever writes the file may say more in it.
 */
public final class CurveFile {
  private static final JsonFactory JSON = new JsonFactory();

  private CurveFile() {}

  /**
   * Reads a file.
   *
   * @throws WorkloadException if it cannot be read or is not so
   */
  public static MeasuredCurves read(Path file) {
    try {
      return parse(Files.readString(file));
    } catch (IllegalArgumentException e) {
      throw new WorkloadException("%s: %s".formatted(file, e.getMessage()), e);
    } catch (NoSuchFileException e) {
      throw new WorkloadException("%s: no such file".formatted(file), e);
    } catch (JsonProcessingException e) {
      throw new WorkloadException(
          "%s:%d:%d: not JSON"
              .formatted(file, e.getLocation().getLineNr(), e.getLocation().getColumnNr()),
          e);
    } catch (IOException e) {
      throw new WorkloadException("%s: cannot be read: %s".formatted(file, e.getMessage()), e);
    }
  }

  /**
   * Reads what such a file would hold.
   *
   * @throws IOException if it is not JSON
   * @throws IllegalArgumentException if it is, and not so
   */
  public static MeasuredCurves parse(String text) throws IOException {
    List<MeasuredCurves.Curve> curves = new ArrayList<>();
    boolean found = false;
    try (JsonParser json = JSON.createParser(text)) {
      expect(json.nextToken() == JsonToken.START_OBJECT, "no object (expected one with curves)");
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        json.nextToken();
        if (name.equals("curves")) {
          found = true;
          expect(json.isExpectedStartArrayToken(), "curves: no array");
          while (json.nextToken() != JsonToken.END_ARRAY) {
            curves.add(curve(json));
          }
        } else {
          json.skipChildren();
        }
      }
    }
    expect(found, "no curves (expected an object with an array of that name)");
    return new MeasuredCurves(curves);
  }

  private static MeasuredCurves.Curve curve(JsonParser json) throws IOException {
    expect(json.currentToken() == JsonToken.START_OBJECT, "curves: not an array of objects");
    String shape = "";
    List<Integer> rows = List.of();
    List<Double> micros = List.of();
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      json.nextToken();
      switch (name) {
        case "shape" -> shape = json.getText();
        case "rows" -> rows = numbers(json, name).stream().map(Double::intValue).toList();
        case "micros" -> micros = numbers(json, name);
        default -> json.skipChildren();
      }
    }
    return new MeasuredCurves.Curve(shape, rows, micros);
  }

  private static List<Double> numbers(JsonParser json, String name) throws IOException {
    expect(json.isExpectedStartArrayToken(), name + ": no array of numbers");
    List<Double> numbers = new ArrayList<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      expect(json.currentToken().isNumeric(), name + ": no array of numbers");
      numbers.add(json.getDoubleValue());
    }
    return numbers;
  }

  private static void expect(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }
}
