// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.process;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * All processes that a measurement starts, and the folder of their files. Both are gone when it is
 * closed; the processes also when this one is told to end, as by Ctrl-C.
 */
public final class Children implements AutoCloseable {
  private final Path folder;
  private final ConcurrentLinkedQueue<Process> processes = new ConcurrentLinkedQueue<>();
  private final Thread hook = new Thread(this::endAll, "end-children");
  private int started;

  private Children(Path folder) {
    this.folder = folder;
  }

  /** Makes the folder, among the system's temporary files. */
  public static Children create() throws IOException {
    Children children = new Children(Files.createTempDirectory("millrace-baselines"));
    Runtime.getRuntime().addShutdownHook(children.hook);
    return children;
  }

  /** For files that are needed no longer than the processes. */
  public Path folder() {
    return folder;
  }

  /** Starts a process whose output goes to a file. */
  public Child start(String name, List<String> command, Map<String, String> environment)
      throws IOException {
    Path log = log(name);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectInput(Redirect.from(Path.of("/dev/null").toFile()))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().putAll(environment);
    return new Child(name, register(builder.start()), log);
  }

  /** Starts a process that is talked with; its errors go to a file. */
  Child startTalking(String name, List<String> command, Map<String, String> environment)
      throws IOException {
    Path log = log(name);
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(log.toFile());
    builder.environment().putAll(environment);
    return new Child(name, register(builder.start()), log);
  }

  private Path log(String name) throws IOException {
    started++;
    return Files.createFile(
        folder.resolve("%d-%s.log".formatted(started, name.replaceAll("[^a-z0-9]+", "-"))));
  }

  private Process register(Process process) {
    processes.add(process);
    return process;
  }

  private void endAll() {
    processes.forEach(Process::destroy);
  }

  @Override
  public void close() throws IOException {
    for (Process process : processes) {
      new Child("", process, folder).close();
    }
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // it is running: this process is about to end
    }
    Files.walkFileTree(folder, new Deletion());
  }

  private static final class Deletion extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Files.deleteIfExists(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(
        Path directory, @org.jspecify.annotations.Nullable IOException e) throws IOException {
      Files.deleteIfExists(directory);
      return FileVisitResult.CONTINUE;
    }
  }
}
