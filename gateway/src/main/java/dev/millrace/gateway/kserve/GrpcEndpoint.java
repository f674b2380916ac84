// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.model.Failure;
import dev.millrace.backends.serving.Routes;
import dev.millrace.backends.serving.Tally;
import dev.millrace.gateway.config.GatewayConfig;
import io.grpc.BindableService;
import io.grpc.Codec;
import io.grpc.CompressorRegistry;
import io.grpc.DecompressorRegistry;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.ProtoReflectionService;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.netty.channel.ChannelOption;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The gRPC port: its settings and the services on it. */
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
   * A client whose deadlines pass in an overload resets each call, thousands a second for a few
   * seconds; to cut it off then would fail the calls that could still be answered.
   */
  private static final int MAX_RESETS = 100_000;

  private static final int RESET_WINDOW_SECONDS = 10;

  /** For calls that are answered at once; the others have been waited for by then. */
  private static final long FAREWELL_MILLIS = 100;

  private static final long DRAIN_CHECK_MILLIS = 5;

  private final Transport transport;
  private final Server server;
  private final OpenCalls openCalls;

  private GrpcEndpoint(Transport transport, Server server, OpenCalls openCalls) {
    this.transport = transport;
    this.server = server;
    this.openCalls = openCalls;
  }

  /**
   * Starts to listen.
   *
   * @param modelControl the methods of the protocol that load and unload models
   * @param administration services beside those of the protocol
   * @throws IOException if the address cannot be bound
   */
  public static GrpcEndpoint start(
      GatewayConfig config,
      int cores,
      Routes routes,
      Tally<Failure.Kind> unrouted,
      BindableService health,
      ServerServiceDefinition modelControl,
      List<ServerServiceDefinition> administration,
      String serverVersion)
      throws IOException {
    GatewayConfig.Listen listen = config.listen();
    InetSocketAddress address = new InetSocketAddress(listen.host(), listen.grpcPort());
    if (address.isUnresolved()) {
      throw new IOException("host: '%s' is unknown".formatted(listen.host()));
    }
    OpenCalls openCalls = new OpenCalls();
    LoopRests rests = new LoopRests();
    Transport transport =
        Transport.start(config.serving(), config.serving().eventLoopCount(cores), openCalls, rests);
    try {
      KserveProtocol protocol =
          new KserveProtocol(
              routes,
              transport.sinks(),
              unrouted,
              openCalls,
              rests,
              new Tenants(config.sharing()),
              modelControl,
              serverVersion);
      Server server = server(address, transport, config.limits(), protocol, health, administration);
      listen(server, listen);
      return new GrpcEndpoint(transport, server, openCalls);
    } catch (IOException | RuntimeException | Error e) {
      transport.close();
      throw e;
    }
  }

  private static Server server(
      InetSocketAddress address,
      Transport transport,
      GatewayConfig.Limits limits,
      KserveProtocol protocol,
      BindableService health,
      List<ServerServiceDefinition> administration) {
    return NettyServerBuilder.forAddress(address)
        .bossEventLoopGroup(transport.acceptor())
        .workerEventLoopGroup(transport.loops())
        .channelFactory(transport::listeningChannel)
        .withChildOption(ChannelOption.TCP_NODELAY, true)
        .withChildOption(ChannelOption.ALLOCATOR, transport.memory().allocator())
        .withChildOption(ChannelOption.RECVBUF_ALLOCATOR, new TimedReads(System::nanoTime))
        .directExecutor() // handlers only decode and queue: a hand-off would cost more
        .flowControlWindow(FLOW_CONTROL_BYTES)
        .maxInboundMessageSize(limits.maxMessageBytes())
        .maxInboundMetadataSize(limits.maxMetadataBytes())
        .maxConcurrentCallsPerConnection(limits.maxCallsPerConnection())
        .maxRstFramesPerWindow(MAX_RESETS, RESET_WINDOW_SECONDS)
        // the kernel's keepalive finds the dead ones; gRPC's reads a clock for each frame
        .keepAliveTime(Long.MAX_VALUE, TimeUnit.NANOSECONDS)
        .withChildOption(ChannelOption.SO_KEEPALIVE, true)
        .permitKeepAliveTime(KEEPALIVE_SECONDS, TimeUnit.SECONDS)
        .permitKeepAliveWithoutCalls(true)
        .compressorRegistry(compressors())
        .decompressorRegistry(decompressors())
        .addService(protocol)
        .addService(FaultStatus.around(health.bindService()))
        .addServices(administration.stream().map(FaultStatus::around).toList())
        .addService(FaultStatus.around(ProtoReflectionServiceV1.newInstance().bindService()))
        .addService(FaultStatus.around(olderReflection().bindService()))
        .build();
  }

  private static void listen(Server server, GatewayConfig.Listen listen) throws IOException {
    try {
      server.start();
    } catch (IOException e) {
      server.shutdownNow();
      Throwable cause = e.getCause() != null ? e.getCause() : e;
      throw new IOException(
          "gRPC port %d of %s: %s".formatted(listen.grpcPort(), listen.host(), cause.getMessage()),
          e);
    }
  }

  /** Tools of before 2023 ask for v1alpha. */
  @SuppressWarnings("deprecation")
  private static BindableService olderReflection() {
    return ProtoReflectionService.newInstance();
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
    transport.close();
  }
}
