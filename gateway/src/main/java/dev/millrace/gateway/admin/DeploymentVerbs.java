// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.google.protobuf.util.Timestamps;
import dev.millrace.backends.deployment.Autoscaling;
import dev.millrace.backends.deployment.Declared;
import dev.millrace.backends.deployment.DeploymentException;
import dev.millrace.backends.deployment.Deployments;
import dev.millrace.backends.deployment.Rollout;
import dev.millrace.backends.deployment.Traffic;
import dev.millrace.backends.serving.ModelStatus;
import dev.millrace.backends.serving.Routes;
import dev.millrace.backends.serving.ServedVersion;
import dev.millrace.backends.serving.VersionState;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What can be asked about deployments. */
final class DeploymentVerbs {
  private final Deployments deployments;
  private final Routes routes;

  DeploymentVerbs(Deployments deployments, Routes routes) {
    this.deployments = deployments;
    this.routes = routes;
  }

  List<Verb<?, ?>> all() {
    return List.of(
        new Verb<>(
            DeploymentServiceGrpc.getApplyDeploymentMethod(),
            "PUT",
            "/deployments/{spec.name}",
            "spec",
            "Makes a deployment be as it is declared",
            this::apply),
        new Verb<>(
            DeploymentServiceGrpc.getGetDeploymentMethod(),
            "GET",
            "/deployments/{name}",
            "",
            "A deployment, and how far it has come",
            this::get),
        new Verb<>(
            DeploymentServiceGrpc.getListDeploymentsMethod(),
            "GET",
            "/deployments",
            "",
            "All deployments",
            this::list),
        new Verb<>(
            DeploymentServiceGrpc.getDeleteDeploymentMethod(),
            "DELETE",
            "/deployments/{name}",
            "",
            "Takes a deployment down",
            this::delete),
        new Verb<>(
            DeploymentServiceGrpc.getScaleDeploymentMethod(),
            "POST",
            "/deployments/{name}:scale",
            "*",
            "Changes the replicas of what serves",
            this::scale),
        new Verb<>(
            DeploymentServiceGrpc.getPromoteDeploymentMethod(),
            "POST",
            "/deployments/{name}:promote",
            "",
            "Ends a rollout with the new version",
            this::promote),
        new Verb<>(
            DeploymentServiceGrpc.getRollBackDeploymentMethod(),
            "POST",
            "/deployments/{name}:rollback",
            "",
            "Ends a rollout with the version before",
            this::rollBack));
  }

  private ApplyDeploymentResponse apply(ApplyDeploymentRequest request, String actor)
      throws DeploymentException {
    Deployments.Applied applied =
        deployments.apply(
            Specs.read(request.getSpec()),
            request.getExpectedGeneration(),
            request.getDryRun(),
            actor);
    return ApplyDeploymentResponse.newBuilder()
        .setDeployment(message(applied.deployment()))
        .addAllChanges(applied.changes())
        .build();
  }

  private Deployment get(GetDeploymentRequest request, String actor) throws DeploymentException {
    return message(deployments.get(request.getName()));
  }

  private ListDeploymentsResponse list(ListDeploymentsRequest request, String actor) {
    return ListDeploymentsResponse.newBuilder()
        .addAllDeployments(deployments.all().stream().map(this::message).toList())
        .build();
  }

  private DeleteDeploymentResponse delete(DeleteDeploymentRequest request, String actor)
      throws DeploymentException {
    deployments.delete(request.getName(), actor);
    return DeleteDeploymentResponse.getDefaultInstance();
  }

  private Deployment scale(ScaleDeploymentRequest request, String actor)
      throws DeploymentException {
    String name = request.getName();
    if (!request.hasAutoscale()) {
      return message(deployments.scale(name, request.getReplicas(), actor));
    }
    Autoscaling now = deployments.get(name).spec().autoscaling();
    Autoscaling bounds = Scales.read(request.getAutoscale(), request.getReplicas(), now);
    return message(deployments.scale(name, bounds, actor));
  }

  private Deployment promote(PromoteDeploymentRequest request, String actor)
      throws DeploymentException {
    return message(deployments.promote(request.getName(), actor));
  }

  private Deployment rollBack(RollBackDeploymentRequest request, String actor)
      throws DeploymentException {
    return message(deployments.rollBack(request.getName(), actor));
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
    status.addAllShadows(ShadowStatuses.of(declared, routes));
    Optional<Rollout> rollout = declared.rollout();
    rollout.ifPresent(now -> status.setRollout(message(now)));
    boolean settled =
        declared.observedGeneration() == declared.generation()
            && declared.isConfigured()
            && rollout.map(now -> now.phase().isOver()).orElse(true);
    boolean serves =
        routes.isDormant(declared.name()) // will, when it is called
            || (!traffic.isEmpty() && traffic.versions().stream().allMatch(ready::containsKey));
    // what has been decided is not what answers until the control thread has come by
    boolean isOnItsWay =
        !settled
            || (serves
                && !routes.isDormant(declared.name())
                && !routes.traffic(declared.name()).equals(traffic));
    String reason = declared.rejection().isEmpty() ? declared.failure() : declared.rejection();
    if (reason.isEmpty()) {
      reason = declared.configProblem();
    }
    if (reason.isEmpty() && settled && !serves) {
      reason = whyNot(declared.name(), traffic);
    }
    boolean failed = !reason.isEmpty();
    String underWay = rollout.filter(now -> !now.phase().isOver()).map(Rollout::reason).orElse("");
    status.addConditions(
        condition("Ready", !isOnItsWay && serves && !failed, failed ? reason : ""));
    status.addConditions(condition("Progressing", isOnItsWay, underWay));
    status.addConditions(condition("Failed", failed, reason));
    boolean answers =
        routes.isDormant(declared.name())
            || traffic.versions().stream().anyMatch(ready::containsKey);
    status.addConditions(condition("Serving", answers, ""));
    String unknown = declared.obstacle();
    boolean looked = declared.observedGeneration() == declared.generation();
    status.addConditions(condition("Current", looked && unknown.isEmpty(), unknown));
    return status.build();
  }

  /** What keeps the versions that are to answer from being there. */
  private String whyNot(String name, Traffic traffic) {
    return routes.statuses().stream()
        .filter(model -> model.name().equals(name) && model.state() == VersionState.FAILED)
        .filter(model -> traffic.points(model.version()) > 0)
        .map(model -> "version " + model.version() + ": " + model.reason())
        .collect(Collectors.joining("; "));
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
