// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import dev.millrace.loadtest.wire.Connection;
import dev.millrace.loadtest.wire.RequestFrames;
import dev.millrace.loadtest.workload.Workload;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** Sends a workload to one server. Connections are kept between runs. One run at a time. */
public final class LoadGenerator implements AutoCloseable {
  private static final int CONNECT_MILLIS = 5_000;
  private static final long READY_NANOS = 5_000_000_000L;

  /** How long a run that has ended waits for the answers that are still to come. */
  public static final long LAST_ANSWERS_SECONDS = 5;

  private static final long POLL_MILLIS = 5;

  /** A read takes what hundreds of small answers need. */
  private static final int READ_BYTES = 64 << 10;

  private final EventLoopGroup group;
  private final List<LoadLoop> loops;
  private final Workload workload;

  private LoadGenerator(EventLoopGroup group, List<LoadLoop> loops, Workload workload) {
    this.group = group;
    this.loops = loops;
    this.workload = workload;
  }

  /**
   * Connects.
   *
   * @throws IOException if the server cannot be reached, with its address and the reason
   */
  public static LoadGenerator connect(LoadOptions options, Workload workload)
      throws IOException, InterruptedException {
    int threads = Math.clamp(options.eventLoops(), 1, options.connections());
    boolean epoll = Epoll.isAvailable();
    EventLoopGroup group =
        new MultiThreadIoEventLoopGroup(
            threads, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    Bootstrap bootstrap =
        new Bootstrap()
            .channel(epoll ? EpollSocketChannel.class : NioSocketChannel.class)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
            .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(READ_BYTES));
    RequestFrames[] requests =
        workload.variants().stream()
            .map(variant -> new RequestFrames(variant.message()))
            .toArray(RequestFrames[]::new);
    List<LoadLoop> loops = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      EventLoop loop = group.next();
      loops.add(new LoadLoop(loop, bootstrap, options, workload, requests, i, threads));
    }
    LoadGenerator generator = new LoadGenerator(group, List.copyOf(loops), workload);
    try {
      generator.open(options);
    } catch (IOException e) {
      generator.close();
      throw e;
    }
    return generator;
  }

  private void open(LoadOptions options) throws IOException, InterruptedException {
    for (int i = 0; i < options.connections(); i++) {
      ChannelFuture connected = loops.get(i % loops.size()).connect().await();
      if (!connected.isSuccess()) {
        throw new IOException(
            "%s:%d: %s"
                .formatted(
                    options.target().getHostString(),
                    options.target().getPort(),
                    Connection.reason(connected.cause())));
      }
    }
    long end = System.nanoTime() + READY_NANOS;
    while (readyConnections() < options.connections()) {
      if (System.nanoTime() > end) {
        throw new IOException(
            "%s:%d: no HTTP/2 SETTINGS within %d s (expected a gRPC server without TLS)"
                .formatted(
                    options.target().getHostString(),
                    options.target().getPort(),
                    READY_NANOS / 1_000_000_000));
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  private int readyConnections() throws InterruptedException {
    return onEach(loop -> loop::readyConnections).stream().mapToInt(Integer::intValue).sum();
  }

  /**
   * Begins to send. Ends when the schedule has ended and everything is answered, or after {@link
   * Run#stop}.
   */
  public Run start(LoadShape shape) throws InterruptedException {
    long startNanos = System.nanoTime();
    onEach(
        loop ->
            () -> {
              loop.begin(shape, startNanos);
              return true;
            });
    return new RunOnLoops();
  }

  /** One run, as its controller sees it. */
  public interface Run {
    /** What happened since the run began or this was called last; takes a few milliseconds. */
    Measurement sample() throws InterruptedException;

    /**
     * Sends nothing more and waits for what is open, {@link #LAST_ANSWERS_SECONDS} at most.
     * Requests that have no answer then have failed: CANCELLED if they were sent, UNAVAILABLE if
     * they were due and could not be.
     */
    void stop() throws InterruptedException;

    /** Whether everything that the schedule asked for has been sent and answered. */
    boolean isDone() throws InterruptedException;
  }

  private final class RunOnLoops implements Run {
    @Override
    public Measurement sample() throws InterruptedException {
      return Recorder.merge(onEach(loop -> loop::swapRecorder), workload.variants());
    }

    @Override
    public boolean isDone() throws InterruptedException {
      return onEach(loop -> loop::isIdle).stream().allMatch(idle -> idle);
    }

    @Override
    public void stop() throws InterruptedException {
      onEach(
          loop ->
              () -> {
                loop.end();
                return true;
              });
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LAST_ANSWERS_SECONDS);
      while (!isDone() && System.nanoTime() < end) {
        Thread.sleep(POLL_MILLIS);
      }
      onEach(
          loop ->
              () -> {
                loop.abandon();
                return true;
              });
    }
  }

  /** Asks each loop on its own thread. */
  private <R> List<R> onEach(java.util.function.Function<LoadLoop, Callable<R>> question)
      throws InterruptedException {
    List<java.util.concurrent.Future<R>> answers = new ArrayList<>();
    for (LoadLoop loop : loops) {
      answers.add(loop.loop().submit(question.apply(loop)));
    }
    List<R> results = new ArrayList<>();
    for (var answer : answers) {
      try {
        results.add(answer.get());
      } catch (ExecutionException e) {
        throw new IllegalStateException("the load generator failed: " + e.getCause(), e);
      }
    }
    return results;
  }

  @Override
  public void close() {
    for (LoadLoop loop : loops) {
      loop.loop().execute(loop::close);
    }
    group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
