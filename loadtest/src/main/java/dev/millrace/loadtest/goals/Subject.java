// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.load.LoadGenerator;
import dev.millrace.loadtest.load.LoadOptions;
import dev.millrace.loadtest.load.LoadShape;
import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.load.Stop;
import dev.millrace.loadtest.load.WarmUp;
import dev.millrace.loadtest.process.Probe;
import dev.millrace.loadtest.process.Server;
import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A server and the load that is put on it, with a look at what the server uses meanwhile. */
final class Subject implements AutoCloseable {
  /** One answer in so many is checked: hundreds a second, at no cost that shows. */
  static final int CHECK_EVERY = 64;

  // until as many requests are open as are to be
  private static final long SETTLE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  // of a window, in which compilers may work when the server counts as warm
  private static final double QUIET_SHARE = 0.03;

  static final long SEED = 1;

  private final Server server;
  private final LoadGenerator generator;
  private final Stop stop;

  private Subject(Server server, LoadGenerator generator, Stop stop) {
    this.server = server;
    this.generator = generator;
    this.stop = stop;
  }

  static Subject connect(Server server, Workload workload, int connections, Stop stop)
      throws IOException, InterruptedException {
    return connect(server, workload, connections, 0, stop);
  }

  /**
   * Connects, with a deadline on each request.
   *
   * @param deadlineNanos 0 for none
   */
  static Subject connect(
      Server server, Workload workload, int connections, long deadlineNanos, Stop stop)
      throws IOException, InterruptedException {
    return new Subject(
        server,
        LoadGenerator.connect(options(server, connections, deadlineNanos, CHECK_EVERY), workload),
        stop);
  }

  static LoadOptions options(Server server, int connections, long deadlineNanos, int checkEvery) {
    return new LoadOptions(server.address(), connections, 1, deadlineNanos, checkEvery, SEED);
  }

  String name() {
    return server.name();
  }

  Server server() {
    return server;
  }

  /**
   * Sends until two windows in a row agree and the server's compilers have become quiet: on a
   * single core, a server that still compiles keeps a steady rate for seconds, and a low one.
   *
   * @return whether it came to that in time
   */
  boolean warmUp(LoadShape shape, WarmUp.UntilStable until) throws InterruptedException {
    LoadGenerator.Run run = generator.start(shape);
    try {
      long end = System.nanoTime() + until.maxNanos();
      Optional<Measurement> before = Optional.empty();
      boolean isWarm = false;
      while (!isWarm && System.nanoTime() < end && !stop.isAsked()) {
        long compiled = server.probe().compilationNanos();
        stop.await(until.windowNanos());
        Measurement window = run.sample();
        isWarm =
            before.isPresent()
                && until.isStable(before.get(), window)
                && server.probe().compilationNanos() - compiled < QUIET_SHARE * until.windowNanos();
        before = Optional.of(window);
      }
      return isWarm;
    } finally {
      run.stop();
    }
  }

  /**
   * Sends for so long. Answers, processor time and memory are counted between the same two moments,
   * with load before the first and behind the second.
   */
  Turn turn(LoadShape shape, long nanos) throws InterruptedException {
    return turn(shape, SETTLE_NANOS, nanos);
  }

  /**
   * The same, with more load before the first moment.
   *
   * @param settleNanos until a queue is as long as the load makes it
   */
  Turn turn(LoadShape shape, long settleNanos, long nanos) throws InterruptedException {
    LoadGenerator.Run run = generator.start(shape);
    try {
      stop.await(settleNanos);
      Probe.Reading before = server.probe().read();
      run.sample();
      stop.await(nanos);
      Probe.Reading after = server.probe().read();
      Measurement measurement = run.sample();
      return new Turn(measurement, after.since(before));
    } finally {
      run.stop();
    }
  }

  /**
   * Sends and looks at the same load again and again.
   *
   * @param moments at which windows end, since the beginning, ascending
   * @return what happened before the first moment, between it and the second, and so on
   */
  List<Measurement> windows(LoadShape shape, List<Long> moments) throws InterruptedException {
    LoadGenerator.Run run = generator.start(shape);
    try {
      long start = System.nanoTime();
      List<Measurement> windows = new ArrayList<>();
      for (long moment : moments) {
        stop.await(start + moment - System.nanoTime());
        windows.add(run.sample());
      }
      return windows;
    } finally {
      run.stop();
    }
  }

  @Override
  public void close() {
    generator.close();
  }
}
