// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.process;

import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import dev.millrace.proto.inference.ServerReadyRequest;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/** Asks a server whether all of its models are loaded. */
final class Readiness {
  private static final long POLL_MILLIS = 50;

  private Readiness() {}

  /** Waits until they are; throws an IOException if they are not within that time. */
  static void await(InetSocketAddress address, long seconds)
      throws IOException, InterruptedException {
    ManagedChannel channel = NettyChannelBuilder.forAddress(address).usePlaintext().build();
    try {
      GRPCInferenceServiceBlockingStub stub = GRPCInferenceServiceGrpc.newBlockingStub(channel);
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
      while (!isReady(stub)) {
        if (System.nanoTime() > end) {
          throw new IOException("%s: not ready within %d s".formatted(address, seconds));
        }
        Thread.sleep(POLL_MILLIS);
      }
    } finally {
      channel.shutdownNow();
    }
  }

  private static boolean isReady(GRPCInferenceServiceBlockingStub stub) {
    try {
      return stub.withDeadlineAfter(2, TimeUnit.SECONDS)
          .serverReady(ServerReadyRequest.getDefaultInstance())
          .getReady();
    } catch (StatusRuntimeException e) {
      return false;
    }
  }
}
