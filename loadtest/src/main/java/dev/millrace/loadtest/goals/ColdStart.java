// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.load.ArrivalPattern;
import dev.millrace.loadtest.load.ArrivalSpec;
import dev.millrace.loadtest.load.LoadGenerator;
import dev.millrace.loadtest.load.LoadOptions;
import dev.millrace.loadtest.load.LoadShape;
import dev.millrace.loadtest.load.Measurement;
import dev.millrace.loadtest.load.Stop;
import dev.millrace.loadtest.process.Child;
import dev.millrace.loadtest.workload.Workload;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.TimeUnit;

/**
 * One start of a gateway, as a client sees it that waits for it.
 *
 * @param seconds from the start of the launcher to the first right answer
 * @param answersPerSecond in the first two seconds behind that, at full load
 */
record ColdStart(double seconds, double answersPerSecond) {
  private static final long FIRST_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final long MAX_NANOS = TimeUnit.SECONDS.toNanos(60);

  // short beside a start, and long enough to leave the core to the server
  private static final long RETRY_MILLIS = 3;

  private static final ArrivalSpec ATTEMPTS =
      ArrivalSpec.fixed(300, new ArrivalPattern.Constant(), Double.POSITIVE_INFINITY);
  private static final int MAX_OPEN_ATTEMPTS = 4;

  /** Starts a gateway at a port. */
  interface Starter {
    Child start(int port) throws IOException;
  }

  /**
   * Starts one, measures, and ends it.
   *
   * @param workload whose first answers are known, so that the answer can be right or wrong
   * @throws IOException if it gives no right answer within a minute
   */
  static ColdStart measure(Starter starter, Workload workload, Stop stop)
      throws IOException, InterruptedException {
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), freePort());
    long start = System.nanoTime();
    try (Child child = starter.start(address.getPort())) {
      awaitPort(child, address, start + MAX_NANOS);
      double seconds;
      try (LoadGenerator generator = connect(address, workload, 1)) {
        awaitAnswer(generator, start + MAX_NANOS);
        seconds = (System.nanoTime() - start) / 1e9;
      }
      try (LoadGenerator generator = connect(address, workload, Load.FULL.connections())) {
        return new ColdStart(seconds, burst(generator, stop));
      }
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static LoadGenerator connect(
      InetSocketAddress address, Workload workload, int connections)
      throws IOException, InterruptedException {
    LoadOptions options = new LoadOptions(address, connections, 1, 0, 1, 1);
    return LoadGenerator.connect(options, workload);
  }

  private static void awaitPort(Child child, InetSocketAddress address, long until)
      throws IOException, InterruptedException {
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(address);
        return;
      } catch (IOException e) {
        if (System.nanoTime() > until) {
          throw new IOException("cold start: nobody listens at " + address, e);
        }
        child.checkAlive();
        Thread.sleep(RETRY_MILLIS);
      }
    }
  }

  private static void awaitAnswer(LoadGenerator generator, long until)
      throws IOException, InterruptedException {
    // one after the other would be a flood of errors, while the server has better things to do
    LoadGenerator.Run run =
        generator.start(new LoadShape.OpenLoop(ATTEMPTS::schedule, MAX_OPEN_ATTEMPTS));
    try {
      Measurement seen = run.sample();
      while (seen.ok() == 0) {
        if (System.nanoTime() > until) {
          throw new IOException("cold start: no right answer, but " + seen.messages());
        }
        Thread.sleep(RETRY_MILLIS);
        seen = run.sample();
      }
      if (seen.wrong() > 0) {
        throw new IOException("cold start: wrong answer: " + seen.wrongExample());
      }
    } finally {
      run.stop();
    }
  }

  private static double burst(LoadGenerator generator, Stop stop) throws InterruptedException {
    LoadGenerator.Run run = generator.start(Load.FULL.shape());
    try {
      stop.await(FIRST_NANOS);
      return run.sample().rate();
    } finally {
      run.stop();
    }
  }
}
