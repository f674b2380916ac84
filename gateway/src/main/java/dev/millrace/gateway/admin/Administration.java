// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.sun.net.httpserver.HttpHandler;
import dev.millrace.backends.deployment.Deployments;
import dev.millrace.backends.deployment.EventLog;
import dev.millrace.backends.model.Backend;
import dev.millrace.backends.registry.LocalRegistry;
import dev.millrace.backends.serving.Room;
import dev.millrace.backends.serving.Routes;
import dev.millrace.backends.threads.Niceness;
import dev.millrace.gateway.config.LiveSettings;
import dev.millrace.proto.admin.v1.DeploymentServiceGrpc;
import dev.millrace.proto.admin.v1.EventServiceGrpc;
import dev.millrace.proto.admin.v1.RegistryServiceGrpc;
import dev.millrace.proto.admin.v1.SettingsServiceGrpc;
import io.grpc.ServerServiceDefinition;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/** The admin protocol, put together: the same verbs as gRPC services and as JSON over HTTP. */
public final class Administration {
  private final AdminGrpc grpc;
  private final AdminHttp http;

  /**
   * Puts it together.
   *
   * @param backend the engine of models that name none
   * @param room for what is pushed, which is loaded once
   * @param token what changes need; empty for none, and then only from this machine
   * @param intake asked whether calls are still taken
   * @param version of this build
   * @param onChange called when versions or aliases have changed
   */
  public Administration(
      Deployments deployments,
      EventLog events,
      LocalRegistry registry,
      Routes routes,
      Backend backend,
      Room room,
      String token,
      Intake intake,
      LiveSettings settings,
      String version,
      InstantSource clock,
      Runnable onChange) {
    RegistryVerbs registryVerbs =
        new RegistryVerbs(
            registry, deployments, events, new ModelCheck(backend, room), intake, onChange);
    List<Verb<?, ?>> verbs =
        Stream.of(
                new DeploymentVerbs(deployments, routes).all(),
                registryVerbs.all(),
                new SettingsVerbs(settings, events, version, clock).all())
            .<Verb<?, ?>>flatMap(List::stream)
            .<Verb<?, ?>>map(verb -> verb.through(intake))
            .toList();
    Access access = new Access(token);
    ExecutorService threads =
        Executors.newCachedThreadPool(
            task -> Thread.ofPlatform().name("admin").daemon().unstarted(Niceness.givingWay(task)));
    this.grpc = new AdminGrpc(verbs, registryVerbs, new EventStream(events), access, threads);
    this.http = new AdminHttp(verbs, registryVerbs, events, access, threads);
  }

  /** The services, guarded, and off the event loops. */
  public List<ServerServiceDefinition> services() {
    return grpc.services(
        List.of(
            DeploymentServiceGrpc.getServiceDescriptor(),
            RegistryServiceGrpc.getServiceDescriptor(),
            EventServiceGrpc.getServiceDescriptor(),
            SettingsServiceGrpc.getServiceDescriptor()));
  }

  /** What answers under {@link #PATH}. */
  public HttpHandler handler() {
    return http;
  }

  /** Where the HTTP view lies. */
  public static final String PATH = "/admin/v1/";
}
