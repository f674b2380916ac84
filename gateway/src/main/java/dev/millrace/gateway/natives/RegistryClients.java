// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.natives;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.backends.natives.NativesException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Archives by pip and by Maven, as they are set up on this machine. */
public final class RegistryClients implements ArchiveClient {
  private static final List<List<String>> PIPS =
      List.of(List.of("python3", "-m", "pip"), List.of("pip3"), List.of("pip"));

  /** Any that wheels are published for will do: only what is not Python's is taken out of it. */
  private static final String PYTHON_VERSION = "3.12";

  private static final Pattern OTHER_VERSIONS = Pattern.compile("\\(from versions: ([^)]*)\\)");

  private final Path folder;

  /**
   * @param folder in which the clients are run
   */
  public RegistryClients(Path folder) {
    this.folder = folder;
  }

  @Override
  public void fetch(NativesSource source, String version, String platform, Path target)
      throws IOException, InterruptedException, NativesException {
    switch (source.registry()) {
      case PYPI -> byPip(source, version, platform, target);
      case MAVEN -> byMaven(source, version, target);
    }
  }

  private void byPip(NativesSource source, String version, String platform, Path target)
      throws IOException, InterruptedException, NativesException {
    String wanted = source.packageName() + "==" + version;
    List<String> arguments =
        List.of(
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
            "--no-deps",
            "--only-binary=:all:",
            "--implementation",
            "cp",
            "--python-version",
            PYTHON_VERSION,
            "--platform",
            "manylinux_2_28_" + (platform.endsWith("x64") ? "x86_64" : "aarch64"),
            "--dest",
            target.toString(),
            wanted);
    for (List<String> pip : PIPS) {
      Optional<Ended> ended = run(pip, arguments);
      if (ended.isPresent() && ended.get().isGood()) {
        return;
      }
      if (ended.isPresent() && !ended.get().output.contains("No module named pip")) {
        throw refusal(wanted, platform, ended.get().output);
      }
    }
    throw new NativesException(
        "no pip on the PATH (expected python3 with pip, for " + wanted + ")");
  }

  private void byMaven(NativesSource source, String version, Path target)
      throws IOException, InterruptedException, NativesException {
    String wanted = source.packageName() + ":" + version;
    List<String> arguments =
        List.of(
            "-q",
            "-B",
            "-ntp",
            "dependency:copy",
            "-Dartifact=" + wanted,
            "-DoutputDirectory=" + target);
    Ended ended =
        run(List.of("mvn"), arguments)
            .orElseThrow(
                () -> new NativesException("no mvn on the PATH (expected it, for " + wanted + ")"));
    if (!ended.isGood()) {
      throw new NativesException(wanted + " cannot be had: " + ended.lastLine("[ERROR]"));
    }
  }

  /** What pip said, shorter. */
  static NativesException refusal(String wanted, String platform, String output) {
    Matcher versions = OTHER_VERSIONS.matcher(output);
    if (versions.find()) {
      return new NativesException(
          "there is no %s for %s (there are %s); it has to be the version of the jar"
              .formatted(wanted, platform, versions.group(1)));
    }
    return new NativesException(
        wanted + " cannot be had: " + new Ended(1, output).lastLine("ERROR:"));
  }

  /** How a program ended, and all that it wrote. */
  private record Ended(int exitCode, String output) {
    boolean isGood() {
      return exitCode == 0;
    }

    /** The first line that says so, or else the last one there is. */
    String lastLine(String marker) {
      List<String> lines = output.lines().filter(line -> !line.isBlank()).toList();
      return lines.stream()
          .filter(line -> line.startsWith(marker))
          .findFirst()
          .or(() -> lines.isEmpty() ? Optional.empty() : Optional.of(lines.getLast()))
          .orElse("exit code " + exitCode);
    }
  }

  /** Empty if there is no such program. */
  private Optional<Ended> run(List<String> program, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(program);
    command.addAll(arguments);
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
              .start();
    } catch (IOException e) {
      return Optional.empty();
    }
    try {
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      return Optional.of(new Ended(process.waitFor(), output));
    } finally {
      process.destroy();
    }
  }
}
