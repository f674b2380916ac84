// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** One connection to a gateway, over TCP like everybody else's. */
final class InferenceClient implements AutoCloseable {
  private final ManagedChannel channel;
  private final Duration timeout;

  InferenceClient(String target, Duration timeout) {
    this.channel =
        Grpc.newChannelBuilder(target, InsecureChannelCredentials.create())
            // the server has a limit; an answer that it gave is one that we want
            .maxInboundMessageSize(Integer.MAX_VALUE)
            .build();
    this.timeout = timeout;
  }

  /** For one call, whose time starts now. */
  GRPCInferenceServiceBlockingStub call() {
    return GRPCInferenceServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
