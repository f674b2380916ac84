// SPDX-License-Identifier: Apache-2.0
package dev.millrace.admin.client;

import dev.millrace.proto.admin.v1.ApplyDeploymentRequest;
import dev.millrace.proto.admin.v1.ApplyDeploymentResponse;
import dev.millrace.proto.admin.v1.Autoscale;
import dev.millrace.proto.admin.v1.DeleteAliasRequest;
import dev.millrace.proto.admin.v1.DeleteDeploymentRequest;
import dev.millrace.proto.admin.v1.DeleteDeploymentResponse;
import dev.millrace.proto.admin.v1.DeleteVersionRequest;
import dev.millrace.proto.admin.v1.Deployment;
import dev.millrace.proto.admin.v1.DeploymentServiceGrpc;
import dev.millrace.proto.admin.v1.DeploymentServiceGrpc.DeploymentServiceBlockingStub;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import dev.millrace.proto.admin.v1.EventServiceGrpc;
import dev.millrace.proto.admin.v1.GetDeploymentRequest;
import dev.millrace.proto.admin.v1.GetModelRequest;
import dev.millrace.proto.admin.v1.GetSettingsRequest;
import dev.millrace.proto.admin.v1.ListDeploymentsRequest;
import dev.millrace.proto.admin.v1.ListDeploymentsResponse;
import dev.millrace.proto.admin.v1.ListModelsRequest;
import dev.millrace.proto.admin.v1.ListModelsResponse;
import dev.millrace.proto.admin.v1.PromoteDeploymentRequest;
import dev.millrace.proto.admin.v1.PushHeader;
import dev.millrace.proto.admin.v1.RegisteredModel;
import dev.millrace.proto.admin.v1.RegisteredVersion;
import dev.millrace.proto.admin.v1.RegistryServiceGrpc;
import dev.millrace.proto.admin.v1.RegistryServiceGrpc.RegistryServiceBlockingStub;
import dev.millrace.proto.admin.v1.RollBackDeploymentRequest;
import dev.millrace.proto.admin.v1.ScaleDeploymentRequest;
import dev.millrace.proto.admin.v1.ServerSettings;
import dev.millrace.proto.admin.v1.SetAliasRequest;
import dev.millrace.proto.admin.v1.SetSettingRequest;
import dev.millrace.proto.admin.v1.Setting;
import dev.millrace.proto.admin.v1.SettingsServiceGrpc;
import dev.millrace.proto.admin.v1.SettingsServiceGrpc.SettingsServiceBlockingStub;
import dev.millrace.proto.admin.v1.WatchEventsRequest;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A gateway's administration, as a program that deploys asks for it. Any thread.
 *
 * <p>The connection is the caller's, who closes it. Calls end within 30 seconds, save those that
 * send files, wait or follow. What a gateway refuses is thrown as an {@link AdminException} with
 * its text.
 */
public final class AdminClient {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Between two looks at a deployment that is waited for. */
  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

  private final Channel channel;

  public AdminClient(Channel channel) {
    this.channel = channel;
  }

  /** The same, with the token that the gateway wants for changes. */
  public AdminClient withToken(String token) {
    return withHeader("authorization", "Bearer " + token);
  }

  /** The same, with a name under which the gateway notes who has changed something. */
  public AdminClient withActor(String name) {
    return withHeader("millrace-actor", name);
  }

  private AdminClient withHeader(String name, String value) {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
    return new AdminClient(
        ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers)));
  }

  // --- the registry

  /**
   * Sends a model of one file as a new version, under the next number.
   *
   * @param aliases that are to mean it from now on
   */
  public RegisteredVersion push(String model, Path onnx, String... aliases)
      throws IOException, InterruptedException {
    PushHeader.Builder header = PushHeader.newBuilder().setModel(model);
    for (String alias : aliases) {
      header.addAliases(alias);
    }
    return push(header.build(), Map.of("model.onnx", onnx));
  }

  /**
   * Sends a version. Sizes and digests of the files are announced first and checked by the gateway,
   * where the version is whole when this returns, and else not at all.
   *
   * @param header without files
   * @param files by their names in the version
   * @throws IOException if a file cannot be read
   */
  public RegisteredVersion push(PushHeader header, Map<String, Path> files)
      throws IOException, InterruptedException {
    return new FileSender()
        .send(
            RegistryServiceGrpc.newStub(channel),
            FileSender.announce(header, files),
            files.values());
  }

  /** All models, their versions and aliases. */
  public ListModelsResponse models() {
    return ask(() -> registry().listModels(ListModelsRequest.getDefaultInstance()));
  }

  public RegisteredModel model(String name) {
    return ask(() -> registry().getModel(GetModelRequest.newBuilder().setName(name).build()));
  }

  /** Has an alias mean a version; deployments that follow it are updated. */
  public RegisteredModel setAlias(String model, String alias, long version) {
    SetAliasRequest.Builder request =
        SetAliasRequest.newBuilder().setModel(model).setAlias(alias).setVersion(version);
    return ask(() -> registry().setAlias(request.build()));
  }

  public RegisteredModel deleteAlias(String model, String alias) {
    DeleteAliasRequest.Builder request =
        DeleteAliasRequest.newBuilder().setModel(model).setAlias(alias);
    return ask(() -> registry().deleteAlias(request.build()));
  }

  /** Takes a version away that nothing means any more. */
  public RegisteredModel deleteVersion(String model, long version) {
    DeleteVersionRequest.Builder request =
        DeleteVersionRequest.newBuilder().setModel(model).setVersion(version);
    return ask(() -> registry().deleteVersion(request.build()));
  }

  // --- deployments

  /** Has a deployment be as it is declared; how far it has come is said by {@link #awaitReady}. */
  public ApplyDeploymentResponse apply(DeploymentSpec spec) {
    return apply(ApplyDeploymentRequest.newBuilder().setSpec(spec).build());
  }

  /** The same, as a dry run or under the condition of a generation. */
  public ApplyDeploymentResponse apply(ApplyDeploymentRequest request) {
    return ask(() -> deployments().applyDeployment(request));
  }

  public Deployment deployment(String name) {
    return look(name, Deadline.after(PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
  }

  public ListDeploymentsResponse allDeployments() {
    return ask(() -> deployments().listDeployments(ListDeploymentsRequest.getDefaultInstance()));
  }

  /** Changes the replicas of each version; those of what serves are there when this returns. */
  public Deployment scale(String name, int replicas) {
    ScaleDeploymentRequest.Builder request =
        ScaleDeploymentRequest.newBuilder().setName(name).setReplicas(replicas);
    return ask(() -> deployments().scaleDeployment(request.build()));
  }

  /** Has the replicas of each version follow its load, between these. */
  public Deployment autoscale(String name, int min, int max) {
    ScaleDeploymentRequest.Builder request =
        ScaleDeploymentRequest.newBuilder()
            .setName(name)
            .setAutoscale(Autoscale.newBuilder().setMin(min).setMax(max));
    return ask(() -> deployments().scaleDeployment(request.build()));
  }

  /** Ends a rollout now, with the new version. */
  public Deployment promote(String name) {
    PromoteDeploymentRequest.Builder request = PromoteDeploymentRequest.newBuilder().setName(name);
    return ask(() -> deployments().promoteDeployment(request.build()));
  }

  /** Ends a rollout now, with the version before. */
  public Deployment rollBack(String name) {
    RollBackDeploymentRequest.Builder request =
        RollBackDeploymentRequest.newBuilder().setName(name);
    return ask(() -> deployments().rollBackDeployment(request.build()));
  }

  /** Takes a deployment down. Requests that it has are answered. */
  public DeleteDeploymentResponse undeploy(String name) {
    DeleteDeploymentRequest.Builder request = DeleteDeploymentRequest.newBuilder().setName(name);
    return ask(() -> deployments().deleteDeployment(request.build()));
  }

  /**
   * Waits until what is declared serves or is given up. A gateway that is away meanwhile is waited
   * for as well, once it has answered.
   */
  public Outcome awaitReady(String name, Duration timeout) throws InterruptedException {
    Deadline deadline = Deadline.after(timeout.toMillis(), TimeUnit.MILLISECONDS);
    Deployment seen = look(name, deadline);
    while (true) {
      Optional<Outcome> outcome = Outcome.of(seen);
      if (outcome.isPresent()) {
        return outcome.get();
      }
      if (deadline.isExpired()) {
        return new Outcome.TimedOut(seen);
      }
      TimeUnit.MILLISECONDS.sleep(LOOK_AGAIN.toMillis());
      seen = lookAgain(name, deadline).orElse(seen);
    }
  }

  /** Empty if the gateway is away. */
  private Optional<Deployment> lookAgain(String name, Deadline deadline) {
    try {
      return Optional.of(look(name, deadline));
    } catch (AdminException.Unreachable e) {
      return Optional.empty();
    }
  }

  private Deployment look(String name, Deadline deadline) {
    GetDeploymentRequest.Builder request = GetDeploymentRequest.newBuilder().setName(name);
    return ask(() -> deployments().withDeadline(deadline).getDeployment(request.build()));
  }

  // --- events

  /**
   * What has been changed, by whom, and what came of it.
   *
   * @param subject a deployment's or model's name; empty for all
   */
  public EventCursor events(String subject) {
    return watch(WatchEventsRequest.newBuilder().setSubject(subject).build());
  }

  /** The same, and then what is to come, until the cursor is closed. */
  public EventCursor followEvents(String subject) {
    return watch(WatchEventsRequest.newBuilder().setSubject(subject).setFollow(true).build());
  }

  private EventCursor watch(WatchEventsRequest request) {
    return new EventCursor(() -> EventServiceGrpc.newBlockingStub(channel).watchEvents(request));
  }

  // --- settings

  /** What the gateway is, and every setting that holds. */
  public ServerSettings settings() {
    return ask(() -> server().getSettings(GetSettingsRequest.getDefaultInstance()));
  }

  /** Changes a setting until the gateway stops. */
  public Setting set(String key, String value) {
    SetSettingRequest.Builder request = SetSettingRequest.newBuilder().setKey(key).setValue(value);
    return ask(() -> server().setSetting(request.build()));
  }

  // --- calls

  private SettingsServiceBlockingStub server() {
    return SettingsServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
  }

  private DeploymentServiceBlockingStub deployments() {
    return DeploymentServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
  }

  private RegistryServiceBlockingStub registry() {
    return RegistryServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static <T> T ask(Supplier<T> call) {
    try {
      return call.get();
    } catch (StatusRuntimeException e) {
      throw AdminException.of(e);
    }
  }
}
