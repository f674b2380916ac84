// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.google.protobuf.Message;
import dev.millrace.proto.admin.v1.EventServiceGrpc;
import dev.millrace.proto.admin.v1.RegistryServiceGrpc;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.stub.ServerCalls;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** The administration as gRPC services: guarded, and off the event loops. */
final class AdminGrpc {
  private static final Context.Key<String> ACTOR = Context.key("admin-actor");

  private final List<Verb<?, ?>> verbs;
  private final RegistryVerbs registry;
  private final EventStream events;
  private final Access access;
  private final Executor threads;

  AdminGrpc(
      List<Verb<?, ?>> verbs,
      RegistryVerbs registry,
      EventStream events,
      Access access,
      Executor threads) {
    this.threads = threads;
    this.verbs = verbs;
    this.registry = registry;
    this.events = events;
    this.access = access;
  }

  /** One for each service of the protocol. */
  List<ServerServiceDefinition> services(List<ServiceDescriptor> services) {
    return services.stream()
        .map(this::define)
        // the last is the outermost
        .map(service -> ServerInterceptors.intercept(service, new Guard(), new OffLoop(threads)))
        .toList();
  }

  private ServerServiceDefinition define(ServiceDescriptor descriptor) {
    ServerServiceDefinition.Builder service = ServerServiceDefinition.builder(descriptor);
    for (Verb<?, ?> verb : verbs) {
      if (descriptor.getName().equals(verb.method().getServiceName())) {
        add(service, verb);
      }
    }
    if (descriptor.getName().equals(RegistryServiceGrpc.SERVICE_NAME)) {
      service.addMethod(
          RegistryServiceGrpc.getPushVersionMethod(),
          ServerCalls.asyncClientStreamingCall(
              answer -> new Push(registry, answer, String.valueOf(ACTOR.get()))));
    }
    if (descriptor.getName().equals(EventServiceGrpc.SERVICE_NAME)) {
      service.addMethod(
          EventServiceGrpc.getWatchEventsMethod(),
          ServerCalls.asyncServerStreamingCall(events::watch));
    }
    return service.build();
  }

  private static <Q extends Message, R extends Message> void add(
      ServerServiceDefinition.Builder service, Verb<Q, R> verb) {
    service.addMethod(
        verb.method(),
        ServerCalls.asyncUnaryCall(
            (request, observer) -> {
              R result;
              try {
                result = verb.handler().handle(request, String.valueOf(ACTOR.get()));
              } catch (Exception e) {
                observer.onError(AdminErrors.status(e));
                return;
              }
              observer.onNext(result);
              observer.onCompleted();
            }));
  }

  /** Lets changes through from those who may make them, and notes who asks. */
  private final class Guard implements ServerInterceptor {
    private static final Metadata.Key<String> SAID =
        Metadata.Key.of(Access.ACTOR_HEADER, Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> AUTHORIZATION =
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    /** Proxies set it, whatever they forward; others are for HTTP/1. */
    private static final Metadata.Key<String> FORWARDED =
        Metadata.Key.of("x-forwarded-for", Metadata.ASCII_STRING_MARSHALLER);

    private final Set<String> reading = new HashSet<>();

    Guard() {
      reading.add(EventServiceGrpc.getWatchEventsMethod().getFullMethodName());
      for (Verb<?, ?> verb : verbs) {
        if (!verb.changesSomething()) {
          reading.add(verb.method().getFullMethodName());
        }
      }
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
}
