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
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who asks for a change, and whether they may: whoever has the token or, where there is none,
 * whoever is on this machine. Everybody may look.
 */
final class Caller implements ServerInterceptor {
  /** What callers may say of themselves, for the log of changes. */
  private static final Metadata.Key<String> ACTOR =
      Metadata.Key.of("millrace-actor", Metadata.ASCII_STRING_MARSHALLER);

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private static final Context.Key<String> CURRENT = Context.key("admin-actor");
  private static final int MOST_ACTOR_LENGTH = 128;
  private static final String BEARER = "Bearer ";

  private static final Set<String> READING =
      Set.of("GetDeployment", "ListDeployments", "ListModels", "GetModel", "WatchEvents");

  private final byte[] token;

  /**
   * @param token empty for none
   */
  Caller(String token) {
    this.token = token.getBytes(StandardCharsets.UTF_8);
  }

  /** Who the current call is from. */
  static String current() {
    String actor = CURRENT.get();
    return actor == null ? "unknown" : actor;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    SocketAddress from = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
    String method = String.valueOf(call.getMethodDescriptor().getBareMethodName());
    Status refusal = READING.contains(method) ? Status.OK : refusal(headers, from);
    if (!refusal.isOk()) {
      call.close(refusal, new Metadata());
      return new ServerCall.Listener<>() {};
    }
    Context context = Context.current().withValue(CURRENT, actor(headers, from));
    return Contexts.interceptCall(context, call, headers, next);
  }

  private Status refusal(Metadata headers, @Nullable SocketAddress from) {
    if (token.length == 0) {
      boolean local =
          from instanceof InetSocketAddress address && address.getAddress().isLoopbackAddress();
      return local
          ? Status.OK
          : Status.PERMISSION_DENIED.withDescription(
              "changes from other machines need a token, and none is configured"
                  + " (admin_token_file)");
    }
    String given = headers.get(AUTHORIZATION);
    if (given == null || !given.startsWith(BEARER)) {
      return Status.UNAUTHENTICATED.withDescription(
          "changes need a token (expected the header 'authorization: Bearer TOKEN')");
    }
    byte[] theirs = given.substring(BEARER.length()).getBytes(StandardCharsets.UTF_8);
    return MessageDigest.isEqual(theirs, token) // in constant time
        ? Status.OK
        : Status.UNAUTHENTICATED.withDescription("the token is another one");
  }

  private static String actor(Metadata headers, @Nullable SocketAddress from) {
    String said = headers.get(ACTOR);
    String host =
        from instanceof InetSocketAddress address
            ? address.getAddress().getHostAddress()
            : String.valueOf(from);
    if (said == null || said.isBlank() || said.length() > MOST_ACTOR_LENGTH) {
      return host;
    }
    return said.replaceAll("[^\\x20-\\x7e]", "?") + " at " + host;
  }
}
