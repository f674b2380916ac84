// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A shape for one input. Several for the same input are alternatives: the requests are a mix of
 * them.
 *
 * @param dims each 1 or more
 * @param weight its share of the model's requests, relative to the alternatives; above 0
 */
public record ShapeChoice(String input, List<Long> dims, double weight) {
  /** More is a slip of the pen rather than a mix. */
  private static final int MAX_ALTERNATIVES = 256;

  private static final Pattern RANGE =
      Pattern.compile("\\{?([0-9]{1,10})\\.\\.([0-9]{1,10})(?:\\.\\.([0-9]{1,10}))?\\}?");

  public ShapeChoice {
    dims = List.copyOf(dims);
  }

  /**
   * Reads {@code NAME:DIMS} or {@code NAME:DIMS@WEIGHT}: {@code ids:1x64}, {@code ids:1,64}, {@code
   * ids:1x64@3}. One of the dimensions may be a range, {@code ids:1x16..128..16}, which stands for
   * several choices: 16, 32, and so on to 128.
   *
   * @return one choice, or those of the range
   * @throws WorkloadException if it has another form
   */
  public static List<ShapeChoice> parse(String text) {
    // names of inputs may hold a colon themselves ("input:0"), dimensions cannot
    int colon = text.lastIndexOf(':');
    if (colon <= 0) {
      throw unexpected(text);
    }
    int at = text.indexOf('@', colon);
    double weight = at < 0 ? 1 : Numbers.weight("--shape", text, text.substring(at + 1));
    String dims = at < 0 ? text.substring(colon + 1) : text.substring(colon + 1, at);
    List<List<Long>> shapes = List.of(List.of());
    for (String dim : dims.split("[x,]", -1)) {
      shapes = product(shapes, values(dim, text));
    }
    if (shapes.size() > MAX_ALTERNATIVES) {
      throw new WorkloadException(
          "--shape '%s': %d shapes (expected at most %d)"
              .formatted(text, shapes.size(), MAX_ALTERNATIVES));
    }
    String input = text.substring(0, colon);
    return shapes.stream().map(shape -> new ShapeChoice(input, shape, weight)).toList();
  }

  private static List<List<Long>> product(List<List<Long>> shapes, List<Long> values) {
    List<List<Long>> longer = new ArrayList<>();
    for (List<Long> shape : shapes) {
      for (Long value : values) {
        List<Long> next = new ArrayList<>(shape);
        next.add(value);
        longer.add(next);
      }
    }
    return longer;
  }

  private static List<Long> values(String dim, String text) {
    Matcher range = RANGE.matcher(dim);
    if (!range.matches()) {
      return List.of(positive(dim, text));
    }
    long first = positive(range.group(1), text);
    long last = positive(range.group(2), text);
    long step = range.group(3) == null ? 1 : positive(range.group(3), text);
    if (last < first || (last - first) / step >= MAX_ALTERNATIVES) {
      throw new WorkloadException(
          "--shape '%s': range %s (expected FIRST..LAST or FIRST..LAST..STEP, 1 to %d values)"
              .formatted(text, dim, MAX_ALTERNATIVES));
    }
    List<Long> values = new ArrayList<>();
    for (long value = first; value <= last; value += step) {
      values.add(value);
    }
    return values;
  }

  private static long positive(String number, String text) {
    try {
      long value = Long.parseLong(number);
      if (value >= 1) {
        return value;
      }
    } catch (NumberFormatException e) {
      // told below, as for a number out of range
    }
    throw unexpected(text);
  }

  private static WorkloadException unexpected(String text) {
    return new WorkloadException(
        "--shape: '%s' (expected NAME:DIMS with dimensions of 1 or more, like input_ids:1x64)"
            .formatted(text));
  }
}
