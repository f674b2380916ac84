// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.backends.natives.JniLibrary;
import dev.millrace.backends.natives.LibrarySearch;
import dev.millrace.backends.natives.NativesException;
import dev.millrace.backends.natives.OrtLibraries;
import dev.millrace.backends.natives.SystemLibraries;
import dev.millrace.gateway.natives.NativesFetch;
import dev.millrace.gateway.natives.NativesSource;
import dev.millrace.gateway.natives.RegistryClients;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code millrace natives}: other builds of ONNX Runtime's native libraries. */
@Command(
    name = "natives",
    description = "Fetches and checks other builds of ONNX Runtime, for 'serve --ort-natives DIR'.")
final class NativesCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // by picocli
  private CommandSpec spec;

  private final Shell shell;

  NativesCommand(Shell shell) {
    this.shell = shell;
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return Failures.BAD_INPUT;
  }

  @Command(
      name = "fetch",
      description = {
        "Makes a directory of a build's libraries, and says what they need of this machine.",
        "",
        "The build is of the version of this gateway's jar. It comes from a package registry, by",
        "pip (cpu, cuda13, openvino) or Maven (cuda12), as they are set up on this machine. What is",
        "there already is not fetched again."
      })
  Integer fetch(
      @Parameters(
              index = "0",
              paramLabel = "cpu|cuda12|cuda13|openvino",
              description = "The build: for CUDA 13, say.")
          String name,
      @Option(
              names = "--to",
              paramLabel = "DIR",
              description = "Where; .cache/millrace/natives/NAME-VERSION in your home otherwise.")
          @Nullable Path directory)
      throws IOException, InterruptedException, NativesException {
    JniLibrary jar = JniLibrary.ofThisBuild();
    NativesSource source = NativesSource.named(name);
    Path target = directory == null ? usualPlace(source, jar) : directory;
    NativesFetch fetch =
        new NativesFetch(
            new RegistryClients(Path.of("").toAbsolutePath()), jar, shell.err()::println);
    report(fetch.fetch(source, target), jar);
    return 0;
  }

  @Command(
      name = "check",
      description =
          "Says whether a directory's libraries go with this gateway, and what they need.")
  Integer check(
      @Parameters(index = "0", paramLabel = "DIR", description = "The directory.") Path directory)
      throws IOException, NativesException {
    JniLibrary jar = JniLibrary.ofThisBuild();
    report(OrtLibraries.check(directory, jar), jar);
    return 0;
  }

  private static Path usualPlace(NativesSource source, JniLibrary jar) {
    return Path.of(
        System.getProperty("user.home", ""),
        ".cache/millrace/natives",
        source.word() + "-" + jar.ortVersion());
  }

  private void report(OrtLibraries libraries, JniLibrary jar) throws IOException {
    shell
        .out()
        .printf(
            "%s: ONNX Runtime %s for %s, as the jar%n",
            libraries.directory(), jar.ortVersion(), jar.platform());
    List<SystemLibraries.Need> needs =
        new SystemLibraries(LibrarySearch.ofThisProcess()).of(libraries.directory());
    if (!needs.isEmpty()) {
      Table table = new Table("LIBRARY", "ON THIS MACHINE", "NEEDED BY");
      needs.forEach(
          need ->
              table.add(
                  need.library(),
                  need.found().map(Path::toString).orElse("missing"),
                  String.join(", ", need.neededBy()) + (need.isLate() ? ", for some models" : "")));
      table.lines().forEach(shell.out()::println);
    }
    shell.out().printf("use it: ./millrace serve --ort-natives %s …%n", libraries.directory());
  }
}
