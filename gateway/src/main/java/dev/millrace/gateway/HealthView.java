// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway;

import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import io.grpc.BindableService;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import java.util.function.BooleanSupplier;

/** The gateway's readiness, as {@code grpc.health.v1} tells it to probes and clients that watch. */
final class HealthView {
  private final HealthStatusManager manager = new HealthStatusManager();
  private volatile BooleanSupplier ready = () -> false;

  HealthView() {
    refresh();
  }

  /** Takes over what says whether the gateway is ready; {@link #refresh} asks it. */
  void watch(BooleanSupplier ready) {
    this.ready = ready;
    refresh();
  }

  BindableService service() {
    return manager.getHealthService();
  }

  /** Tells watchers, if it has changed. One at a time: the last to ask is the last to tell. */
  synchronized void refresh() {
    ServingStatus status = ready.getAsBoolean() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
    manager.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, status);
    manager.setStatus(GRPCInferenceServiceGrpc.SERVICE_NAME, status);
  }
}
