// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.changes;

import dev.millrace.admin.client.AdminClient;
import dev.millrace.backends.model.Closing;
import dev.millrace.backends.threads.Niceness;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Who changes the deployment: a client of the admin API whose threads give way to those that put
 * load on it, as one on another machine would. Both are in this process, and what they take from
 * each other is no cost of a change.
 */
final class Operator implements AutoCloseable {
  private final EventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(1, Operator::thread, NioIoHandler.newFactory());

  private final ExecutorService thread = Executors.newSingleThreadExecutor(Operator::thread);
  private final ManagedChannel channel;
  private final ChangedDeployment deployment;

  /** What is done to the deployment. */
  @FunctionalInterface
  interface Change<T> {
    T make(ChangedDeployment deployment) throws IOException, InterruptedException;
  }

  Operator(InetSocketAddress address) {
    channel =
        NettyChannelBuilder.forAddress(address)
            .usePlaintext()
            .eventLoopGroup(loop)
            .channelType(NioSocketChannel.class)
            .directExecutor() // on the loop: the other threads of gRPC do not give way
            .build();
    deployment = new ChangedDeployment(new AdminClient(channel));
  }

  private static Thread thread(Runnable task) {
    return Thread.ofPlatform().name("operator").daemon().unstarted(Niceness.givingWay(task));
  }

  /** For calls of the inference API as well. */
  ManagedChannel channel() {
    return channel;
  }

  /** Makes a change, and waits for it. */
  <T> T make(Change<T> change) throws IOException, InterruptedException {
    Future<T> made = thread.submit(() -> change.make(deployment));
    try {
      return made.get();
    } catch (InterruptedException e) {
      made.cancel(true);
      throw e;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      if (e.getCause() instanceof IOException failure) {
        throw failure;
      }
      throw new IOException("the operator's thread has failed: " + e.getCause(), e.getCause());
    }
  }

  @Override
  public void close() {
    Closing.all(
        List.of(
            deployment::close,
            thread::shutdownNow,
            channel::shutdownNow,
            () -> loop.shutdownGracefully(0, 1, TimeUnit.SECONDS)));
  }
}
