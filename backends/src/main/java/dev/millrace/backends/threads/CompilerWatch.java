// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.threads;

import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Waits until the JVM's compilers have done what a start has them do, and has them give way from
 * then on. For programs that have a JVM of their own.
 */
public final class CompilerWatch {
  private static final long PERIOD_MILLIS = 5_000;

  /** A twentieth of a core. */
  private static final long CALM_MILLIS = PERIOD_MILLIS / 20;

  /** A start under little load has moments of calm as well. */
  private static final int CALM_PERIODS = 2;

  private final LongSupplier compiledMillis;
  private final Runnable giveWay;
  private long before;
  private int calmPeriods;

  /**
   * @param compiledMillis what the compilers have worked since the start
   * @param giveWay called once
   */
  CompilerWatch(LongSupplier compiledMillis, Runnable giveWay) {
    this.compiledMillis = compiledMillis;
    this.giveWay = giveWay;
    this.before = compiledMillis.getAsLong();
  }

  /** Begins to watch this JVM; ends by itself. */
  public static void start() {
    @Nullable CompilationMXBean compilers = ManagementFactory.getCompilationMXBean();
    if (compilers == null || !compilers.isCompilationTimeMonitoringSupported()) {
      return;
    }
    CompilerWatch watch = new CompilerWatch(compilers::getTotalCompilationTime, Compilers::giveWay);
    ScheduledExecutorService thread =
        Executors.newSingleThreadScheduledExecutor(
            task -> Thread.ofPlatform().name("compiler-watch").daemon().unstarted(task));
    thread.scheduleWithFixedDelay(
        () -> {
          if (watch.look()) {
            thread.shutdown();
          }
        },
        PERIOD_MILLIS,
        PERIOD_MILLIS,
        TimeUnit.MILLISECONDS);
  }

  /** Looks once a period; whether this was the last time. */
  boolean look() {
    long now = compiledMillis.getAsLong();
    calmPeriods = now - before <= CALM_MILLIS ? calmPeriods + 1 : 0;
    before = now;
    if (calmPeriods < CALM_PERIODS) {
      return false;
    }
    giveWay.run();
    return true;
  }
}
