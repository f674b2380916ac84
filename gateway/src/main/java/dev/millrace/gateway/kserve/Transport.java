// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.util.concurrent.TimeUnit;

/**
 * What the gRPC port runs on: the event loops of its connections, one that accepts them, and the
 * memory they read into and write from. Holds threads until it is closed.
 */
record Transport(EventLoopGroup acceptor, EventLoopGroup loops, TransportMemory memory)
    implements AutoCloseable {

  static Transport start(int loopCount) {
    EventLoopGroup loops = loops(loopCount);
    return new Transport(loops(1), loops, TransportMemory.of(loops, loopCount));
  }

  private static EventLoopGroup loops(int threads) {
    return new MultiThreadIoEventLoopGroup(
        threads, Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
  }

  /**
   * A listening socket whose connections begin with {@link SmallWrites} and {@link WholeFrames}.
   * gRPC's builder has no place for handlers of ours, so they go in where a new connection passes
   * by.
   */
  static ServerChannel listeningChannel() {
    ServerChannel channel =
        Epoll.isAvailable() ? new EpollServerSocketChannel() : new NioServerSocketChannel();
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
