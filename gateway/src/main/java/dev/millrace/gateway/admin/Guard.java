// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Lets changes through from those who may make them, and notes who asks.
 *
 * @param reading full names of the methods that change nothing
 */
record Guard(Access access, Set<String> reading) implements ServerInterceptor {
  private static final Context.Key<String> ACTOR = Context.key("admin-actor");
  private static final Metadata.Key<String> SAID =
      Metadata.Key.of(Access.ACTOR_HEADER, Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  /** Proxies set it, whatever they forward; others are for HTTP/1. */
  private static final Metadata.Key<String> FORWARDED =
      Metadata.Key.of("x-forwarded-for", Metadata.ASCII_STRING_MARSHALLER);

  /** Who makes the call that is being handled. */
  static String actor() {
    return String.valueOf(ACTOR.get());
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    InetAddress from = from(call);
    boolean reads = reading.contains(call.getMethodDescriptor().getFullMethodName());
    Status allowed =
        reads
            ? Status.OK
            : access.check(headers.get(AUTHORIZATION), from, headers.containsKey(FORWARDED));
    if (!allowed.isOk()) {
      call.close(allowed, new Metadata());
      return new ServerCall.Listener<>() {};
    }
    String actor = Access.actor(headers.get(SAID), from);
    return Contexts.interceptCall(Context.current().withValue(ACTOR, actor), call, headers, next);
  }

  private static @Nullable InetAddress from(ServerCall<?, ?> call) {
    return call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR)
            instanceof InetSocketAddress address
        ? address.getAddress()
        : null;
  }
}
