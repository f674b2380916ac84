// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.gateway.config.LogFormat;
import dev.millrace.gateway.config.LogLevel;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Logger;
import org.slf4j.LoggerFactory;

/** A process that serves nothing until it is stopped; what {@link StopSignalTest} starts. */
final class StopProbe {
  private StopProbe() {}

  public static void main(String[] arguments) throws InterruptedException {
    Logs.apply(LogFormat.valueOf(arguments[0]), LogLevel.INFO);
    boolean stuck = arguments.length > 1;
    CountDownLatch closed = new CountDownLatch(1);
    StopSignal stop =
        StopSignal.install(
            () -> {
              LoggerFactory.getLogger("probe").info("closing {}", "now");
              if (stuck) {
                awaitForever();
              }
              closed.countDown();
            });
    Logger.getLogger("io.grpc.probe").warning("from java.util.logging");
    System.out.println("ready");
    stop.awaitAfter(closed::await);
    Logs.stop();
    System.exit(0);
  }

  private static void awaitForever() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
