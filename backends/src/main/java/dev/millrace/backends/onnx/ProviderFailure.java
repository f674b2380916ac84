// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Why a provider cannot be used, in words that say what would help. */
final class ProviderFailure {
  static final String DRIVER = "libcuda.so.1";

  private static final Pattern MISSING_LIBRARY =
      Pattern.compile(
          "with error: (\\S+): cannot open shared object file: No such file or directory");

  /** The runtime's error, its number and its text, out of ORT's report of where it happened. */
  private static final Pattern CUDA_ERROR = Pattern.compile("CUDA failure (\\d+): ([^;]*?) *;");

  /** What ORT's own code puts in front. */
  private static final Pattern PREFIX =
      Pattern.compile(".*?\\[ONNXRuntimeError\\] : \\d+ : \\w+ : ");

  /** Full, taken, of an architecture without code, broken. */
  private static final Set<Integer> OF_ONE_DEVICE = Set.of(2, 46, 209, 214);

  private static final Pattern NO_PROVIDER =
      Pattern.compile("Failed to find (\\w+) shared provider");

  private static final Pattern NO_SUCH_DEVICE = Pattern.compile("Invalid device ID: (\\d+)");

  private ProviderFailure() {}

  /**
   * Explains.
   *
   * @param message ORT's
   * @param missing libraries that are known to be missing, all of them: ORT names the first
   */
  static String explain(String message, List<String> missing) {
    Matcher first = MISSING_LIBRARY.matcher(message);
    if (first.find()) {
      return missingLibraries(missing.isEmpty() ? List.of(first.group(1)) : missing);
    }
    Matcher provider = NO_PROVIDER.matcher(message);
    if (provider.find()) {
      return "missing beside ONNX Runtime's library: libonnxruntime_providers_%s.so"
          .formatted(provider.group(1).toLowerCase(Locale.ROOT));
    }
    Matcher cuda = CUDA_ERROR.matcher(message);
    if (cuda.find()) {
      return cudaError(Integer.parseInt(cuda.group(1)), cuda.group(2));
    }
    return PREFIX.matcher(message).replaceFirst("");
  }

  /** Whether the provider is fine and there is no device of that index. */
  static boolean isNoSuchDevice(String message) {
    return NO_SUCH_DEVICE.matcher(message).find();
  }

  /** Whether other devices may be fine all the same. */
  static boolean isOfOneDevice(String message) {
    Matcher cuda = CUDA_ERROR.matcher(message);
    return cuda.find() && OF_ONE_DEVICE.contains(Integer.parseInt(cuda.group(1)));
  }

  /**
   * Why nothing of NVIDIA works.
   *
   * @param missing libraries that are known to be missing
   */
  static String noDriver(List<String> missing) {
    List<String> all = new ArrayList<>(missing);
    if (!all.contains(DRIVER)) {
      all.add(DRIVER);
    }
    return missingLibraries(all);
  }

  private static String missingLibraries(List<String> missing) {
    String list = String.join(", ", missing);
    String driver =
        missing.contains(DRIVER) ? "; " + DRIVER + " is NVIDIA's driver: none is installed" : "";
    return (missing.size() == 1 ? "missing library: " : "missing libraries: ") + list + driver;
  }

  private static String cudaError(int number, String text) {
    return hint(number)
        .map(hint -> "%s (CUDA error %d: %s)".formatted(hint, number, text))
        .orElseGet(() -> "CUDA error %d: %s".formatted(number, text));
  }

  /** Numbers of {@code cudaError_t}, in driver_types.h. */
  private static Optional<String> hint(int number) {
    return switch (number) {
      case 2 -> Optional.of("the GPU's memory is full");
      case 35 -> Optional.of("NVIDIA's driver is too old for this build's CUDA");
      case 46 -> Optional.of("the GPU is in exclusive use by another process");
      case 100 -> Optional.of("there is no GPU that this process may use");
      case 101 -> Optional.of("there is no GPU of that number");
      case 209 -> Optional.of("this build has no code for the GPU's architecture");
      case 214 -> Optional.of("the GPU's memory has an error that cannot be corrected");
      case 802 -> Optional.of("the fabric manager of the GPUs is not running");
      case 803 -> Optional.of("NVIDIA's driver and its kernel module are of different versions");
      case 804 -> Optional.of("this GPU does not work with a driver of another CUDA version");
      default -> Optional.empty();
    };
  }
}
