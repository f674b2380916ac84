// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.guides;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Commands of a guide, run as a user or a CI system runs them. */
public final class Script {
  /** None of them takes longer on a busy machine. */
  private static final long PATIENCE_SECONDS = 180;

  private final Path folder;
  private final Map<String, String> environment;

  /** What came of them. */
  public record Result(int exitCode, String out, String err) {
    /** All that was printed, for messages. */
    public String said() {
      return out + err;
    }
  }

  /**
   * @param folder in which they run
   * @param environment beside that of this process, without its proxies
   */
  public Script(Path folder, Map<String, String> environment) {
    this.folder = folder;
    this.environment = environment;
  }

  /** Runs one program to its end. */
  public Result run(String... command) throws IOException, InterruptedException {
    Path out = Files.createTempFile(folder, "script", ".out");
    Path err = Files.createTempFile(folder, "script", ".err");
    ProcessBuilder builder =
        new ProcessBuilder(new ArrayList<>(List.of(command)))
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().keySet().removeIf(name -> name.matches("(?i).*_proxy|GITHUB_.*"));
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError(
            "%s: not ended after %d s%n%s%s"
                .formatted(
                    List.of(command),
                    PATIENCE_SECONDS,
                    Files.readString(out, UTF_8),
                    Files.readString(err, UTF_8)));
      }
      return new Result(
          process.exitValue(), Files.readString(out, UTF_8), Files.readString(err, UTF_8));
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      Files.delete(out);
      Files.delete(err);
    }
  }

  /** Whether a program is there; curl need not be on every machine. */
  public static boolean isThere(String program) {
    for (String folder : System.getenv("PATH").split(":", -1)) {
      if (Files.isExecutable(Path.of(folder, program))) {
        return true;
      }
    }
    return false;
  }
}
