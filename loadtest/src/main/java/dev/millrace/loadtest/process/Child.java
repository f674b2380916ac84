// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A process that this one has started. What it prints, if it is not talked with, is in a file. */
public final class Child implements AutoCloseable {
  private static final long POLL_MILLIS = 10;

  // of what it printed, in an error
  private static final int LAST_LINES = 10;

  private static final long END_SECONDS = 5;

  private final String name;
  private final Process process;
  private final Path log;

  Child(String name, Process process, Path log) {
    this.name = name;
    this.process = process;
    this.log = log;
  }

  public long pid() {
    return process.pid();
  }

  Process process() {
    return process;
  }

  /**
   * Waits until it has printed what the pattern finds.
   *
   * @throws IOException if it ends before, or does not within that time; with what it printed last
   */
  public Matcher await(Pattern pattern, long seconds) throws IOException, InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (true) {
      Matcher matcher = pattern.matcher(Files.readString(log));
      if (matcher.find()) {
        return matcher;
      }
      checkAlive();
      if (System.nanoTime() > end) {
        throw failure("not ready within %d s".formatted(seconds));
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  /** Throws if it has ended, with what it printed last. */
  public void checkAlive() throws IOException {
    if (!process.isAlive()) {
      throw failure("ended with %d".formatted(process.exitValue()));
    }
  }

  /** The lines it has printed in which the pattern is found. */
  public List<String> printed(Pattern pattern) throws IOException {
    return Files.readAllLines(log).stream().filter(line -> pattern.matcher(line).find()).toList();
  }

  /** An error with what the process printed last. */
  IOException failure(String what) throws IOException {
    List<String> lines = Files.readAllLines(log);
    List<String> last = lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size());
    return new IOException("%s: %s%n%s".formatted(name, what, String.join("\n", last)).strip());
  }

  /** Ends it, by force if it must be. Again is harmless. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        process.waitFor(END_SECONDS, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
