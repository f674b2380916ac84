// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.threads;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The JVM's compilers. A program that has just started wants them at once, for it is slow without
 * them; one that runs wants them to give way: they compile what a change of models has called often
 * enough, and take a core for that.
 */
public final class Compilers {
  private static final Logger log = LoggerFactory.getLogger(Compilers.class);
  private static final Path THREADS = Path.of("/proc/self/task");

  private Compilers() {}

  /** From now on, those that the JVM starts later as well: they start each other. */
  public static void giveWay() {
    if (!Files.isDirectory(THREADS)) {
      return;
    }
    int count = 0;
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(THREADS)) {
      for (Path thread : threads) {
        if (isCompiler(thread)) {
          Niceness.giveWay(Integer.parseInt(thread.getFileName().toString()));
          count++;
        }
      }
    } catch (IOException e) {
      log.debug("the JVM's compilers cannot be found: {}", e.toString());
    }
    log.debug("{} compilers of the JVM give way to threads that serve", count);
  }

  private static boolean isCompiler(Path thread) {
    try {
      // the kernel keeps the first 15 letters of C1 CompilerThread0 and C2 CompilerThread0
      return Files.readString(thread.resolve("comm")).matches("C[12] CompilerThre\\s*");
    } catch (IOException e) {
      return false; // it has just ended
    }
  }
}
