// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.util.Arrays;

/**
 * The same closed loop on two servers in turns, A B A B: a machine that others share gives no
 * steady figures, but both see the same of it.
 */
public final class Compare {
  private static final int ROUNDS = 3;

  private Compare() {}

  /**
   * {@code Compare PORT_A PORT_B CONNECTIONS IN_FLIGHT SECONDS MODEL...}: both on 127.0.0.1;
   * requests are made up from A's metadata. Prints a table row per model.
   */
  public static void main(String[] args) throws InterruptedException {
    int portA = Integer.parseInt(args[0]);
    int portB = Integer.parseInt(args[1]);
    int connections = Integer.parseInt(args[2]);
    int inFlight = Integer.parseInt(args[3]);
    double seconds = Double.parseDouble(args[4]);
    System.out.printf("%d connections x %d in flight%n%n", connections, inFlight);
    System.out.println(
        "| model | A req/s | A p50 us | A p99 us | B req/s | B p50 us | A/B median (min..max) |"
            + " failed |");
    System.out.println("|---|---:|---:|---:|---:|---:|---:|---:|");
    for (String model : Arrays.asList(args).subList(5, args.length)) {
      compare(portA, portB, connections, inFlight, seconds, model);
    }
  }

  private static void compare(
      int portA, int portB, int connections, int inFlight, double seconds, String model)
      throws InterruptedException {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", portA).usePlaintext().build();
    byte[] request = Requests.random(channel, model, 1);
    channel.shutdownNow();
    double[] a = new double[ROUNDS];
    double[] b = new double[ROUNDS];
    double[] ratio = new double[ROUNDS];
    long failed = 0;
    long p50A = 0;
    long p99A = 0;
    long p50B = 0;
    try (ClosedLoop loopA = new ClosedLoop("127.0.0.1", portA, connections, inFlight);
        ClosedLoop loopB = new ClosedLoop("127.0.0.1", portB, connections, inFlight)) {
      loopA.run(request, seconds, 0.1);
      loopB.run(request, seconds, 0.1);
      for (int round = 0; round < ROUNDS; round++) {
        ClosedLoop.Result resultA = loopA.run(request, 0.5, seconds);
        ClosedLoop.Result resultB = loopB.run(request, 0.5, seconds);
        a[round] = resultA.perSecond();
        b[round] = resultB.perSecond();
        ratio[round] = a[round] / b[round];
        failed += resultA.failed() + resultB.failed();
        p50A = resultA.latency().getValueAtPercentile(50) / 1000;
        p99A = resultA.latency().getValueAtPercentile(99) / 1000;
        p50B = resultB.latency().getValueAtPercentile(50) / 1000;
      }
    }
    Arrays.sort(ratio);
    System.out.printf(
        "| %s | %.0f | %d | %d | %.0f | %d | %.2f (%.2f..%.2f) | %d |%n",
        model,
        median(a),
        p50A,
        p99A,
        median(b),
        p50B,
        median(ratio),
        ratio[0],
        ratio[ROUNDS - 1],
        failed);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
