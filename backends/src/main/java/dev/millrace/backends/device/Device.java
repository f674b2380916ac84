// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.device;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The processor of this machine, or one of its GPUs.
 *
 * @param index of a GPU, as its driver counts them; 0 for the processor
 */
public record Device(Kind kind, int index) implements Comparable<Device> {
  private static final Pattern TEXT = Pattern.compile("gpu:(\\d{1,3})");

  /** Kinds of devices. */
  public enum Kind {
    CPU,
    GPU;

    /** As it is written. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public static final Device CPU = new Device(Kind.CPU, 0);

  public static Device gpu(int index) {
    return new Device(Kind.GPU, index);
  }

  /** Reads {@code cpu} or {@code gpu:0}. */
  public static Optional<Device> of(String text) {
    if (text.equals("cpu")) {
      return Optional.of(CPU);
    }
    Matcher gpu = TEXT.matcher(text);
    return gpu.matches() ? Optional.of(gpu(Integer.parseInt(gpu.group(1)))) : Optional.empty();
  }

  public boolean isGpu() {
    return kind == Kind.GPU;
  }

  @Override
  public int compareTo(Device other) {
    int byKind = kind.compareTo(other.kind);
    return byKind != 0 ? byKind : Integer.compare(index, other.index);
  }

  @Override
  public String toString() {
    return isGpu() ? kind + ":" + index : kind.toString();
  }
}
