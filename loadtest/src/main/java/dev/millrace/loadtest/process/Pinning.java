// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.process;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Which processor cores servers and load run on: servers on the first core that this process may
 * use, load on the second. A machine with one core, or without {@code taskset}, cannot keep them
 * apart; then nothing is pinned, and {@link #words} says so.
 */
public final class Pinning {
  /** Where a server runs. */
  public enum Place {
    /** On the servers' core. */
    SERVER_CORE,
    /** On any core, as a user starts it. */
    ANYWHERE
  }

  private final Optional<CpuList> cores;
  private final String words;

  private Pinning(Optional<CpuList> cores, String words) {
    this.cores = cores;
    this.words = words;
  }

  /** Finds out what this process may use. */
  public static Pinning ofThisProcess() throws InterruptedException {
    Optional<CpuList> allowed = allowed();
    if (allowed.isEmpty() || !canTaskset()) {
      return unpinned("no taskset here");
    }
    return of(allowed.get());
  }

  static Pinning of(CpuList allowed) {
    if (allowed.cpus().size() < 2) {
      return unpinned("one core only");
    }
    return new Pinning(
        Optional.of(allowed),
        "servers on core %s, load on core %s".formatted(allowed.only(0), allowed.only(1)));
  }

  static Pinning unpinned(String reason) {
    return new Pinning(Optional.empty(), "not pinned (%s)".formatted(reason));
  }

  private static Optional<CpuList> allowed() {
    return ProcStatus.ofThisProcess().text("Cpus_allowed_list").map(CpuList::parse);
  }

  private static boolean canTaskset() throws InterruptedException {
    try {
      return run(List.of("taskset", "--version")) == 0;
    } catch (IOException e) {
      return false;
    }
  }

  /** Whether servers and load are kept apart. */
  public boolean isPinned() {
    return cores.isPresent();
  }

  /** For reports. */
  public String words() {
    return words;
  }

  /** What goes before a command so that it runs there. */
  public List<String> prefix(Place place) {
    return cores.map(all -> List.of("taskset", "-c", serverCores(all, place))).orElse(List.of());
  }

  private static String serverCores(CpuList all, Place place) {
    return switch (place) {
      case SERVER_CORE -> all.only(0).toString();
      case ANYWHERE -> all.toString();
    };
  }

  /**
   * Moves all threads of this process: onto the core of the load, or anywhere.
   *
   * @param place of the servers that are to be put under load
   */
  public void placeLoadFor(Place place) throws IOException, InterruptedException {
    if (cores.isEmpty()) {
      return;
    }
    String to =
        switch (place) {
          case SERVER_CORE -> cores.get().only(1).toString();
          case ANYWHERE -> cores.get().toString();
        };
    int status = run(List.of("taskset", "-acp", to, String.valueOf(ProcessHandle.current().pid())));
    if (status != 0) {
      throw new IOException("taskset -acp %s ended with %d (expected 0)".formatted(to, status));
    }
  }

  private static int run(List<String> command) throws IOException, InterruptedException {
    return new ProcessBuilder(command)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }
}
