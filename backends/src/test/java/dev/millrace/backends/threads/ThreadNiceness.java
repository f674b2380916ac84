// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.threads;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What Linux says of a thread's niceness. */
public final class ThreadNiceness {
  private static final int AFTER_NAME = 16;

  private ThreadNiceness() {}

  /** Of the calling thread. */
  public static int mine() throws IOException {
    return of(Path.of("/proc/thread-self"));
  }

  /**
   * Of any thread.
   *
   * @param thread its folder below {@code /proc}
   * @throws IOException if it has ended
   */
  public static int of(Path thread) throws IOException {
    String stat = Files.readString(thread.resolve("stat"));
    // the name is in parentheses, and may hold blanks
    return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[AFTER_NAME]);
  }
}
