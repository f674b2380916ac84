// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.gateway.config.GatewayConfig;
import dev.millrace.gateway.config.TransportKind;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SelectStrategyFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import java.io.IOException;
import java.nio.channels.spi.SelectorProvider;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the gRPC port runs on: the event loops of its connections, one that accepts them, and the
 * memory they read into and write from. Holds threads until it is closed.
 */
record Transport(
    Sockets sockets, EventLoopGroup acceptor, EventLoopGroup loops, TransportMemory memory)
    implements AutoCloseable {

  /** One way to sockets, of those that Netty has. */
  private record Sockets(IoHandlerFactory factory, Supplier<ServerChannel> listening) {}

  /**
   * Starts the loops.
   *
   * @throws IOException if this machine does not have the transport that was asked for
   */
  static Transport start(
      GatewayConfig.Serving serving, int loopCount, OpenCalls openCalls, LoopRests rests)
      throws IOException {
    Sockets sockets = sockets(serving, openCalls, rests);
    EventLoopGroup acceptor = new MultiThreadIoEventLoopGroup(1, sockets.factory());
    try {
      EventLoopGroup loops = new MultiThreadIoEventLoopGroup(loopCount, sockets.factory());
      return new Transport(sockets, acceptor, loops, TransportMemory.of(loops, loopCount));
    } catch (RuntimeException e) { // no descriptors left, say
      acceptor.shutdownGracefully(0, 0, TimeUnit.SECONDS);
      throw e;
    }
  }

  private static Sockets sockets(
      GatewayConfig.Serving serving, OpenCalls openCalls, LoopRests rests) throws IOException {
    SelectStrategyFactory pace =
        () ->
            new LoopPace(
                serving.busyPoll(),
                System::nanoTime,
                openCalls::isNoneHere,
                now -> rests.current().nanos(now),
                LockSupport::parkNanos);
    return switch (serving.transport()) {
      case AUTO -> Epoll.isAvailable() ? epoll(pace) : nio(pace);
      case EPOLL -> {
        require(serving.transport(), Epoll.isAvailable(), Epoll.unavailabilityCause());
        yield epoll(pace);
      }
      case IO_URING -> {
        require(serving.transport(), IoUring.isAvailable(), IoUring.unavailabilityCause());
        yield new Sockets(IoUringIoHandler.newFactory(), IoUringServerSocketChannel::new);
      }
      case NIO -> nio(pace);
    };
  }

  private static Sockets epoll(SelectStrategyFactory pace) {
    // 0: as many events in one look as there are
    return new Sockets(EpollIoHandler.newFactory(0, pace), EpollServerSocketChannel::new);
  }

  private static Sockets nio(SelectStrategyFactory pace) {
    return new Sockets(
        NioIoHandler.newFactory(SelectorProvider.provider(), pace), NioServerSocketChannel::new);
  }

  static void require(TransportKind kind, boolean available, @Nullable Throwable cause)
      throws IOException {
    if (!available) {
      throw new IOException(
          "transport: '%s' is not available here: %s"
              .formatted(
                  kind.name().toLowerCase(Locale.ROOT),
                  cause == null ? "no reason given" : cause.getMessage()),
          cause);
    }
  }

  /**
   * A listening socket whose connections begin with {@link SmallWrites} and {@link WholeFrames}.
   * gRPC's builder has no place for handlers of ours, so they go in where a new connection passes
   * by.
   */
  ServerChannel listeningChannel() {
    ServerChannel channel = sockets.listening().get();
    channel
        .pipeline()
        .addLast(
            new ChannelInboundHandlerAdapter() {
              @Override
              public void channelRead(ChannelHandlerContext ctx, Object connection) {
                ((Channel) connection).pipeline().addLast(new SmallWrites(), new WholeFrames());
                ctx.fireChannelRead(connection);
              }
            });
    return channel;
  }

  LoopSinks sinks() {
    return new LoopSinks(loops);
  }

  /** Ends the loops, and what is left of their connections. */
  @Override
  public void close() {
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    acceptor.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    memory.close();
  }
}
