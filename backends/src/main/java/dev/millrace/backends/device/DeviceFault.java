// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.device;

import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What an engine's failure says of the device it happened on, by the text of the failure. */
public enum DeviceFault {
  /** Nothing: the model or the request is to blame, or nobody knows. */
  NONE,
  /** Its memory was full: less may fit. */
  OUT_OF_MEMORY,
  /** This process cannot use it any more, whatever runs there. */
  DEVICE_LOST;

  /** How our own code says that a GPU hangs. */
  public static final String NO_ANSWER = "the GPU does not answer";

  /** As CUDA's provider writes it, and as other code does. */
  private static final Pattern CUDA_ERROR = Pattern.compile("(?i)CUDA (?:failure|error) (\\d+)\\b");

  private static final Pattern FULL =
      Pattern.compile(
          "(?i)out of memory|Failed to allocate memory|smaller than requested bytes"
              + "|cudaErrorMemoryAllocation|CU(?:BLAS|DNN)\\w*_ALLOC(?:ATION)?_FAILED"
              + "|std::bad_alloc|bad allocation");

  private static final Pattern LOST =
      Pattern.compile(
          "cudaError(?:ECCUncorrectable|NvlinkUncorrectable|DevicesUnavailable|LaunchFailure"
              + "|LaunchTimeout|IllegalAddress|IllegalInstruction|MisalignedAddress|HardwareStackError"
              + "|ContextIsDestroyed|NoDevice)|\\bXid\\b|GPU has fallen off the bus|"
              + NO_ANSWER);

  private static final int MEMORY_ALLOCATION = 2;

  /**
   * Numbers of {@code cudaError_t} after which nothing runs on the device in this process: it is
   * gone (46, 100, 101), broken (214, 220), or its context is corrupted for good (the others).
   */
  private static final Set<Integer> FATAL =
      Set.of(46, 100, 101, 214, 220, 700, 702, 709, 710, 714, 715, 716, 717, 718, 719);

  /** Reads the text of a failure. */
  public static DeviceFault of(String text) {
    Matcher cuda = CUDA_ERROR.matcher(text);
    if (cuda.find()) {
      return of(number(cuda.group(1)), text);
    }
    return byWords(text);
  }

  private static DeviceFault of(int number, String text) {
    if (number == MEMORY_ALLOCATION) {
      return OUT_OF_MEMORY;
    }
    return FATAL.contains(number) ? DEVICE_LOST : byWords(text);
  }

  private static DeviceFault byWords(String text) {
    if (LOST.matcher(text).find()) {
      return DEVICE_LOST;
    }
    return FULL.matcher(text).find() ? OUT_OF_MEMORY : NONE;
  }

  /** CUDA's have three digits. */
  private static int number(String digits) {
    return digits.length() > 6 ? -1 : Integer.parseInt(digits);
  }
}
