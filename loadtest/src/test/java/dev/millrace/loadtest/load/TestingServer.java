// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import dev.millrace.proto.inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceImplBase;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferResponse;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/** A server on the loopback interface that answers everything, goes away, and comes back. */
final class TestingServer implements AutoCloseable {
  private final int port;
  private Server server;
  private volatile boolean silent;
  private final Queue<Long> timeouts = new ConcurrentLinkedQueue<>();

  TestingServer() throws IOException {
    server = start(0);
    port = server.getPort();
  }

  private Server start(int port) throws IOException {
    return NettyServerBuilder.forAddress(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
        .directExecutor()
        .addService(new Service())
        .build()
        .start();
  }

  InetSocketAddress address() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  /** What was left until the deadline of each call that had one. */
  List<Long> timeoutsNanos() {
    return List.copyOf(timeouts);
  }

  /** Calls from now on stay open. */
  void fallSilent() {
    silent = true;
  }

  void goAway() throws InterruptedException {
    server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
  }

  /** At the same port. */
  void comeBack() throws IOException {
    server = start(port);
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  private final class Service extends GRPCInferenceServiceImplBase {
    @Override
    public void modelInfer(ModelInferRequest request, StreamObserver<ModelInferResponse> observer) {
      Deadline deadline = Context.current().getDeadline();
      if (deadline != null) {
        timeouts.add(deadline.timeRemaining(TimeUnit.NANOSECONDS));
      }
      if (!silent) {
        observer.onNext(ModelInferResponse.getDefaultInstance());
        observer.onCompleted();
      }
    }
  }
}
