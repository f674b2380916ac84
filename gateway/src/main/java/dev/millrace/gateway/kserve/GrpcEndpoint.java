// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.deployment.Deployments;
import dev.millrace.backends.deployment.Tally;
import dev.millrace.backends.model.Failure;
import dev.millrace.gateway.config.GatewayConfig;
import io.grpc.BindableService;
import io.grpc.Codec;
import io.grpc.CompressorRegistry;
import io.grpc.DecompressorRegistry;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.ProtoReflectionService;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/** The gRPC port: event loops, transport settings and the services on it. */
public final class GrpcEndpoint {
  /**
   * HTTP/2 flow control, fixed: a tensor of an image or two fits without waiting for the other
   * side, and no pings are spent on measuring it.
   */
  private static final int FLOW_CONTROL_BYTES = 8 << 20;

  /**
   * Clients behind proxies that cut idle connections ping every 10 s or so; half that is no abuse.
   */
  private static final long KEEPALIVE_SECONDS = 5;

  /**
   * Resets of calls per connection within {@link #RESET_WINDOW_SECONDS}: stops rapid-reset floods.
   */
  private static final int MAX_RESETS = 20_000;

  private static final int RESET_WINDOW_SECONDS = 10;

  /** For calls that are answered at once; the others have been waited for by then. */
  private static final long FAREWELL_MILLIS = 100;

  private static final long DRAIN_CHECK_MILLIS = 5;

  private final EventLoopGroup acceptor;
  private final EventLoopGroup loops;
  private final Server server;
  private final OpenCalls openCalls;
  private final TransportMemory memory;

  private GrpcEndpoint(
      EventLoopGroup acceptor,
      EventLoopGroup loops,
      TransportMemory memory,
      Server server,
      OpenCalls openCalls) {
    this.acceptor = acceptor;
    this.loops = loops;
    this.memory = memory;
    this.server = server;
    this.openCalls = openCalls;
  }

  /**
   * Starts to listen.
   *
   * @throws IOException if the address cannot be bound
   */
  public static GrpcEndpoint start(
      GatewayConfig config,
      int cores,
      Deployments deployments,
      Tally<Failure.Kind> unrouted,
      BindableService health,
      String serverVersion)
      throws IOException {
    EventLoopGroup acceptor = loops(1);
    int loopCount = config.serving().eventLoopCount(cores);
    EventLoopGroup loops = loops(loopCount);
    TransportMemory memory = TransportMemory.of(loops, loopCount);
    OpenCalls openCalls = new OpenCalls();
    GatewayConfig.Listen listen = config.listen();
    InetSocketAddress address = new InetSocketAddress(listen.host(), listen.grpcPort());
    if (address.isUnresolved()) {
      throw new IOException("host: '%s' is unknown".formatted(listen.host()));
    }
    Server server =
        NettyServerBuilder.forAddress(address)
            .bossEventLoopGroup(acceptor)
            .workerEventLoopGroup(loops)
            .channelFactory(GrpcEndpoint::listeningChannel)
            .withChildOption(ChannelOption.TCP_NODELAY, true)
            .withChildOption(ChannelOption.ALLOCATOR, memory.allocator())
            .withChildOption(ChannelOption.RECVBUF_ALLOCATOR, memory.reads())
            .directExecutor() // handlers only decode and queue: a hand-off would cost more
            .flowControlWindow(FLOW_CONTROL_BYTES)
            .maxInboundMessageSize(config.limits().maxMessageBytes())
            .maxInboundMetadataSize(config.limits().maxMetadataBytes())
            .maxConcurrentCallsPerConnection(config.limits().maxCallsPerConnection())
            .maxRstFramesPerWindow(MAX_RESETS, RESET_WINDOW_SECONDS)
            .permitKeepAliveTime(KEEPALIVE_SECONDS, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .compressorRegistry(compressors())
            .decompressorRegistry(decompressors())
            .addService(
                new KserveProtocol(
                    deployments, new LoopSinks(loops), unrouted, openCalls, serverVersion))
            .addService(FaultStatus.around(health.bindService()))
            .addService(FaultStatus.around(ProtoReflectionServiceV1.newInstance().bindService()))
            .addService(FaultStatus.around(olderReflection().bindService()))
            .build();
    GrpcEndpoint endpoint = new GrpcEndpoint(acceptor, loops, memory, server, openCalls);
    try {
      server.start();
    } catch (IOException e) {
      endpoint.stop(0);
      Throwable cause = e.getCause() != null ? e.getCause() : e;
      throw new IOException(
          "gRPC port %d of %s: %s".formatted(listen.grpcPort(), listen.host(), cause.getMessage()),
          e);
    }
    return endpoint;
  }

  /** Tools of before 2023 ask for v1alpha. */
  @SuppressWarnings("deprecation")
  private static BindableService olderReflection() {
    return ProtoReflectionService.newInstance();
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
  private static ServerChannel listeningChannel() {
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

  private static CompressorRegistry compressors() {
    CompressorRegistry registry = CompressorRegistry.newEmptyInstance();
    registry.register(Codec.Identity.NONE);
    registry.register(new Codec.Gzip());
    registry.register(new DeflateCodec());
    return registry;
  }

  private static DecompressorRegistry decompressors() {
    return DecompressorRegistry.emptyInstance()
        .with(Codec.Identity.NONE, false)
        .with(new Codec.Gzip(), true)
        .with(new DeflateCodec(), true);
  }

  public int port() {
    return server.getPort();
  }

  /**
   * Refuses new calls, waits until those of ModelInfer have been answered, then cuts off what is
   * left: a probe that watches, a reflection client and a sender of a message that was refused half
   * way keep their streams open for as long as they like.
   */
  public void stop(long graceNanos) {
    server.shutdown();
    try {
      long end = System.nanoTime() + graceNanos;
      while (!openCalls.isNone()
          && System.nanoTime() < end
          && !server.awaitTermination(DRAIN_CHECK_MILLIS, TimeUnit.MILLISECONDS)) {
        // not yet
      }
      if (!server.awaitTermination(FAREWELL_MILLIS, TimeUnit.MILLISECONDS)) {
        server.shutdownNow();
        server.awaitTermination(1, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    }
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    acceptor.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    memory.close();
  }
}
