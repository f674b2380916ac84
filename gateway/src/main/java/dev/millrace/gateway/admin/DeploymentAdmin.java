// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.google.protobuf.util.Timestamps;
import dev.millrace.backends.deployment.Declared;
import dev.millrace.backends.deployment.Deployments;
import dev.millrace.backends.deployment.Rollout;
import dev.millrace.backends.deployment.Traffic;
import dev.millrace.backends.serving.ModelStatus;
import dev.millrace.backends.serving.Routes;
import dev.millrace.backends.serving.ServedVersion;
import dev.millrace.proto.admin.v1.ApplyDeploymentRequest;
import dev.millrace.proto.admin.v1.ApplyDeploymentResponse;
import dev.millrace.proto.admin.v1.Condition;
import dev.millrace.proto.admin.v1.DeleteDeploymentRequest;
import dev.millrace.proto.admin.v1.DeleteDeploymentResponse;
import dev.millrace.proto.admin.v1.Deployment;
import dev.millrace.proto.admin.v1.DeploymentServiceGrpc;
import dev.millrace.proto.admin.v1.DeploymentStatus;
import dev.millrace.proto.admin.v1.GetDeploymentRequest;
import dev.millrace.proto.admin.v1.ListDeploymentsRequest;
import dev.millrace.proto.admin.v1.ListDeploymentsResponse;
import dev.millrace.proto.admin.v1.PromoteDeploymentRequest;
import dev.millrace.proto.admin.v1.RollBackDeploymentRequest;
import dev.millrace.proto.admin.v1.ScaleDeploymentRequest;
import dev.millrace.proto.admin.v1.VersionStatus;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Deployments by gRPC. */
final class DeploymentAdmin extends DeploymentServiceGrpc.DeploymentServiceImplBase {
  private final Deployments deployments;
  private final Routes routes;

  DeploymentAdmin(Deployments deployments, Routes routes) {
    this.deployments = deployments;
    this.routes = routes;
  }

  @Override
  public void applyDeployment(
      ApplyDeploymentRequest request, StreamObserver<ApplyDeploymentResponse> observer) {
    AdminErrors.answer(
        observer,
        () -> {
          Deployments.Applied applied =
              deployments.apply(
                  Specs.read(request.getSpec()),
                  request.getExpectedGeneration(),
                  request.getDryRun(),
                  Caller.current());
          return ApplyDeploymentResponse.newBuilder()
              .setDeployment(message(applied.deployment()))
              .addAllChanges(applied.changes())
              .build();
        });
  }

  @Override
  public void getDeployment(GetDeploymentRequest request, StreamObserver<Deployment> observer) {
    AdminErrors.answer(observer, () -> message(deployments.get(request.getName())));
  }

  @Override
  public void listDeployments(
      ListDeploymentsRequest request, StreamObserver<ListDeploymentsResponse> observer) {
    AdminErrors.answer(
        observer,
        () ->
            ListDeploymentsResponse.newBuilder()
                .addAllDeployments(deployments.all().stream().map(this::message).toList())
                .build());
  }

  @Override
  public void deleteDeployment(
      DeleteDeploymentRequest request, StreamObserver<DeleteDeploymentResponse> observer) {
    AdminErrors.answer(
        observer,
        () -> {
          deployments.delete(request.getName(), Caller.current());
          return DeleteDeploymentResponse.getDefaultInstance();
        });
  }

  @Override
  public void scaleDeployment(ScaleDeploymentRequest request, StreamObserver<Deployment> observer) {
    AdminErrors.answer(
        observer,
        () ->
            message(deployments.scale(request.getName(), request.getReplicas(), Caller.current())));
  }

  @Override
  public void promoteDeployment(
      PromoteDeploymentRequest request, StreamObserver<Deployment> observer) {
    AdminErrors.answer(
        observer, () -> message(deployments.promote(request.getName(), Caller.current())));
  }

  @Override
  public void rollBackDeployment(
      RollBackDeploymentRequest request, StreamObserver<Deployment> observer) {
    AdminErrors.answer(
        observer, () -> message(deployments.rollBack(request.getName(), Caller.current())));
  }

  private Deployment message(Declared declared) {
    return Deployment.newBuilder()
        .setSpec(Specs.write(declared.spec()))
        .setGeneration(declared.generation())
        .setStatus(status(declared))
        .build();
  }

  private DeploymentStatus status(Declared declared) {
    Traffic traffic = declared.traffic();
    Map<Long, ServedVersion> ready =
        routes.ready(declared.name()).stream()
            .collect(Collectors.toMap(ServedVersion::version, Function.identity()));
    DeploymentStatus.Builder status =
        DeploymentStatus.newBuilder().setObservedGeneration(declared.observedGeneration());
    for (ModelStatus model : routes.statuses()) {
      if (!model.name().equals(declared.name())) {
        continue;
      }
      ServedVersion served = ready.get(model.version());
      status.addVersions(
          VersionStatus.newBuilder()
              .setVersion(model.version())
              .setState(model.state().toString())
              .setReason(model.reason())
              .setWeight(traffic.points(model.version()) * 100 / Traffic.POINTS)
              .setReplicas(served == null ? 0 : served.replicaCount())
              .setLoadTime(Specs.duration(java.time.Duration.ofNanos(model.loadNanos()))));
    }
    Optional<Rollout> rollout = declared.rollout();
    rollout.ifPresent(now -> status.setRollout(message(now)));
    boolean settled =
        declared.observedGeneration() == declared.generation()
            && rollout.map(now -> now.phase().isOver()).orElse(true);
    boolean serves = !traffic.isEmpty() && traffic.versions().stream().allMatch(ready::containsKey);
    String rejection = declared.rejection();
    String obstacle = declared.obstacle();
    boolean failed = !rejection.isEmpty() || !obstacle.isEmpty();
    status.addConditions(
        condition(
            "Ready", settled && serves && !failed, failed ? reason(rejection, obstacle) : ""));
    status.addConditions(condition("Progressing", !settled, ""));
    status.addConditions(condition("Failed", failed, reason(rejection, obstacle)));
    return status.build();
  }

  private static String reason(String rejection, String obstacle) {
    return rejection.isEmpty() ? obstacle : rejection;
  }

  private static Condition condition(String type, boolean holds, String reason) {
    return Condition.newBuilder().setType(type).setStatus(holds).setReason(reason).build();
  }

  private static dev.millrace.proto.admin.v1.Rollout message(Rollout rollout) {
    return dev.millrace.proto.admin.v1.Rollout.newBuilder()
        .addAllFrom(rollout.from().versions())
        .addAllTo(rollout.to().versions())
        .setStep(rollout.step())
        .setSteps(rollout.steps())
        .setPhase(rollout.phase().toString())
        .setReason(rollout.reason())
        .setSince(Timestamps.fromMillis(rollout.sinceMillis()))
        .build();
  }
}
