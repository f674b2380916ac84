// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import dev.millrace.backends.deployment.Deployments;
import dev.millrace.backends.deployment.EventLog;
import dev.millrace.backends.model.Backend;
import dev.millrace.backends.registry.LocalRegistry;
import dev.millrace.backends.serving.Routes;
import io.grpc.BindableService;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import java.util.List;
import java.util.stream.Stream;

/** The services of the admin protocol, put together. */
public final class Administration {
  private Administration() {}

  /**
   * All of them, guarded, and off the event loops.
   *
   * @param backend the engine of models that name none
   * @param token what changes need; empty for none, and then only from this machine
   * @param onChange called when versions or aliases have changed
   */
  public static List<ServerServiceDefinition> services(
      Deployments deployments,
      EventLog events,
      LocalRegistry registry,
      Routes routes,
      Backend backend,
      String token,
      Runnable onChange) {
    Caller caller = new Caller(token);
    return Stream.<BindableService>of(
            new DeploymentAdmin(deployments, routes),
            new RegistryAdmin(registry, deployments, events, new ModelCheck(backend), onChange),
            new EventAdmin(events))
        // the last is the outermost
        .map(service -> ServerInterceptors.intercept(service, caller, new OffLoop()))
        .toList();
  }
}
