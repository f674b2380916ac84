// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.device;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Where a model's owner wants it to run.
 *
 * @param gpus which of them, ascending; empty for any one
 * @param isRequired whether it is not to run at all if it cannot run there
 */
public record Placement(Wanted wanted, List<Device> gpus, boolean isRequired) {

  /** Kinds of wishes. */
  public enum Wanted {
    /** A GPU if there is one that can be used. */
    AUTO,
    CPU,
    /** A GPU; that it runs elsewhere is worth a warning. */
    GPU
  }

  public static final Placement AUTO = new Placement(Wanted.AUTO, List.of(), false);
  public static final Placement CPU = new Placement(Wanted.CPU, List.of(), false);

  /** How it is written. */
  public static final String EXPECTED =
      "auto, cpu, gpu, gpu:0 or gpu:0,1; or require gpu and the like";

  private static final Pattern TEXT =
      Pattern.compile("(require )?gpu(?::(\\d{1,3}(?:,\\d{1,3})*))?");

  public Placement {
    gpus = gpus.stream().distinct().sorted().toList();
  }

  /** Any GPU, or those of the given numbers. */
  public static Placement onGpus(int... indexes) {
    return new Placement(Wanted.GPU, Arrays.stream(indexes).mapToObj(Device::gpu).toList(), false);
  }

  /** The same, or nothing. */
  public Placement required() {
    return new Placement(wanted, gpus, true);
  }

  /** Reads what {@link #EXPECTED} says. */
  public static Optional<Placement> of(String text) {
    switch (text) {
      case "auto":
        return Optional.of(AUTO);
      case "cpu":
        return Optional.of(CPU);
      default:
        Matcher matcher = TEXT.matcher(text);
        return matcher.matches() ? Optional.of(gpu(matcher)) : Optional.empty();
    }
  }

  private static Placement gpu(Matcher matcher) {
    String numbers = matcher.group(2);
    Placement placement =
        numbers == null
            ? onGpus()
            : onGpus(Arrays.stream(numbers.split(",", -1)).mapToInt(Integer::parseInt).toArray());
    return matcher.group(1) == null ? placement : placement.required();
  }

  @Override
  public String toString() {
    return switch (wanted) {
      case AUTO -> "auto";
      case CPU -> "cpu";
      case GPU -> (isRequired ? "require gpu" : "gpu") + numbers();
    };
  }

  private String numbers() {
    return gpus.isEmpty()
        ? ""
        : gpus.stream()
            .map(gpu -> Integer.toString(gpu.index()))
            .collect(Collectors.joining(",", ":", ""));
  }
}
