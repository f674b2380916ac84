// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.google.protobuf.Message;
import dev.millrace.proto.admin.v1.EventServiceGrpc;
import dev.millrace.proto.admin.v1.RegistryServiceGrpc;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.stub.ServerCalls;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;

/** The administration as gRPC services: guarded, and off the event loops. */
final class AdminGrpc {
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
        .map(service -> ServerInterceptors.intercept(service, guard(), new OffLoop(threads)))
        .toList();
  }

  private Guard guard() {
    Set<String> reading = new HashSet<>();
    reading.add(EventServiceGrpc.getWatchEventsMethod().getFullMethodName());
    for (Verb<?, ?> verb : verbs) {
      if (!verb.changesSomething()) {
        reading.add(verb.method().getFullMethodName());
      }
    }
    return new Guard(access, reading);
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
              answer -> new Push(registry, answer, Guard.actor())));
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
                result = verb.handler().handle(request, Guard.actor());
              } catch (Exception e) {
                observer.onError(AdminErrors.status(e));
                return;
              }
              observer.onNext(result);
              observer.onCompleted();
            }));
  }
}
