// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.google.protobuf.util.Timestamps;
import dev.millrace.backends.deployment.Declared;
import dev.millrace.backends.deployment.Deployments;
import dev.millrace.backends.deployment.Event;
import dev.millrace.backends.deployment.EventLog;
import dev.millrace.backends.registry.LocalRegistry;
import dev.millrace.backends.registry.RegisteredFile;
import dev.millrace.backends.registry.RegisteredModel;
import dev.millrace.backends.registry.RegisteredVersion;
import dev.millrace.backends.registry.RegistryException;
import dev.millrace.backends.registry.Upload;
import dev.millrace.backends.repository.VersionSelector;
import dev.millrace.proto.admin.v1.DeleteAliasRequest;
import dev.millrace.proto.admin.v1.DeleteVersionRequest;
import dev.millrace.proto.admin.v1.GetModelRequest;
import dev.millrace.proto.admin.v1.ListModelsRequest;
import dev.millrace.proto.admin.v1.ListModelsResponse;
import dev.millrace.proto.admin.v1.PushHeader;
import dev.millrace.proto.admin.v1.PushVersionRequest;
import dev.millrace.proto.admin.v1.PushedFile;
import dev.millrace.proto.admin.v1.RegistryServiceGrpc;
import dev.millrace.proto.admin.v1.SetAliasRequest;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The gateway's own registry by gRPC. */
final class RegistryAdmin extends RegistryServiceGrpc.RegistryServiceImplBase {
  private static final Logger log = LoggerFactory.getLogger(RegistryAdmin.class);

  private final LocalRegistry registry;
  private final Deployments deployments;
  private final EventLog events;
  private final ModelCheck check;
  private final Runnable onChange;

  /**
   * @param onChange called after an alias or a version has changed
   */
  RegistryAdmin(
      LocalRegistry registry,
      Deployments deployments,
      EventLog events,
      ModelCheck check,
      Runnable onChange) {
    this.registry = registry;
    this.deployments = deployments;
    this.events = events;
    this.check = check;
    this.onChange = onChange;
  }

  @Override
  public StreamObserver<PushVersionRequest> pushVersion(
      StreamObserver<dev.millrace.proto.admin.v1.RegisteredVersion> answer) {
    return new Push(answer, Caller.current());
  }

  /** One version that is being pushed. gRPC calls it from one thread at a time. */
  private final class Push implements StreamObserver<PushVersionRequest> {
    private final StreamObserver<dev.millrace.proto.admin.v1.RegisteredVersion> answer;
    private final String actor;
    private @Nullable PushHeader header;
    private @Nullable Upload upload;
    private boolean over;

    Push(StreamObserver<dev.millrace.proto.admin.v1.RegisteredVersion> answer, String actor) {
      this.answer = answer;
      this.actor = actor;
    }

    @Override
    public void onNext(PushVersionRequest part) {
      if (over) {
        return;
      }
      try {
        Upload begun = upload;
        if (part.hasHeader() && begun == null) {
          begin(part.getHeader());
        } else if (begun != null && !part.hasHeader()) {
          for (ByteBuffer bytes : part.getData().asReadOnlyByteBufferList()) {
            begun.write(bytes);
          }
        } else {
          throw Status.INVALID_ARGUMENT
              .withDescription("expected a header first, and then only data")
              .asRuntimeException();
        }
      } catch (Exception e) {
        fail(e);
      }
    }

    private void begin(PushHeader first) throws IOException, RegistryException {
      for (String alias : first.getAliasesList()) {
        if (!VersionSelector.isAlias(alias)) {
          throw new RegistryException(
              RegistryException.Kind.INVALID, "alias: '" + alias + "' is none");
        }
      }
      header = first;
      upload =
          registry.begin(
              first.getModel(),
              first.getVersion(),
              first.getFilesList().stream()
                  .map(file -> new RegisteredFile(file.getName(), file.getSize(), file.getSha256()))
                  .toList());
    }

    @Override
    public void onCompleted() {
      if (over) {
        return;
      }
      over = true;
      try {
        answer.onNext(commit());
        answer.onCompleted();
      } catch (Exception e) {
        answer.onError(AdminErrors.status(e));
      } finally {
        close();
      }
    }

    private dev.millrace.proto.admin.v1.RegisteredVersion commit()
        throws IOException, RegistryException {
      Upload complete = upload;
      PushHeader first = header;
      if (complete == null || first == null) {
        throw Status.INVALID_ARGUMENT.withDescription("no header").asRuntimeException();
      }
      ModelCheck.Found found = check.load(first.getModel(), complete.files());
      RegisteredVersion version =
          complete.commit(
              first.getMetadataMap(), first.getNote(), found.inputs(), found.outputs(), actor);
      events.add(
          actor,
          version.model(),
          Event.Kind.VERSION_PUSHED,
          "",
          version.version() + ", SHA-256 " + version.digest());
      for (String alias : first.getAliasesList()) {
        move(version.model(), alias, version.version(), actor);
      }
      onChange.run();
      return message(version);
    }

    @Override
    public void onError(Throwable cancelled) {
      over = true;
      close();
    }

    private void fail(Exception e) {
      over = true;
      close();
      answer.onError(AdminErrors.status(e));
    }

    private void close() {
      Upload begun = upload;
      if (begun != null) {
        try {
          begun.close();
        } catch (IOException e) {
          log.warn("what was pushed in vain cannot be deleted: {}", e.toString());
        }
      }
    }
  }

  @Override
  public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> observer) {
    AdminErrors.answer(
        observer,
        () ->
            ListModelsResponse.newBuilder()
                .addAllModels(registry.models().stream().map(RegistryAdmin::message).toList())
                .build());
  }

  @Override
  public void getModel(
      GetModelRequest request,
      StreamObserver<dev.millrace.proto.admin.v1.RegisteredModel> observer) {
    AdminErrors.answer(observer, () -> message(registry.model(request.getName())));
  }

  @Override
  public void setAlias(
      SetAliasRequest request,
      StreamObserver<dev.millrace.proto.admin.v1.RegisteredModel> observer) {
    AdminErrors.answer(
        observer,
        () -> {
          RegisteredModel model =
              move(request.getModel(), request.getAlias(), request.getVersion(), Caller.current());
          onChange.run();
          return message(model);
        });
  }

  private RegisteredModel move(String name, String alias, long version, String actor)
      throws IOException, RegistryException {
    Long before = registry.model(name).aliases().get(alias);
    RegisteredModel model = registry.setAlias(name, alias, version);
    events.add(
        actor,
        name,
        Event.Kind.ALIAS_SET,
        before == null ? "" : "@" + alias + " " + before,
        "@" + alias + " " + version);
    return model;
  }

  @Override
  public void deleteAlias(
      DeleteAliasRequest request,
      StreamObserver<dev.millrace.proto.admin.v1.RegisteredModel> observer) {
    AdminErrors.answer(
        observer,
        () -> {
          RegisteredModel model = registry.deleteAlias(request.getModel(), request.getAlias());
          events.add(
              Caller.current(),
              request.getModel(),
              Event.Kind.ALIAS_DELETED,
              "@" + request.getAlias(),
              "");
          onChange.run();
          return message(model);
        });
  }

  @Override
  public void deleteVersion(
      DeleteVersionRequest request,
      StreamObserver<dev.millrace.proto.admin.v1.RegisteredModel> observer) {
    AdminErrors.answer(
        observer,
        () -> {
          RegisteredModel model =
              registry.deleteVersion(request.getModel(), request.getVersion(), this::isInUse);
          events.add(
              Caller.current(),
              request.getModel(),
              Event.Kind.VERSION_DELETED,
              "" + request.getVersion(),
              "");
          return message(model);
        });
  }

  private boolean isInUse(String model, long version) {
    List<Declared> all = deployments.all();
    return all.stream()
        .anyMatch(
            deployment ->
                deployment.spec().model().equals(model) && deployment.needed().contains(version));
  }

  private static dev.millrace.proto.admin.v1.RegisteredModel message(RegisteredModel model) {
    return dev.millrace.proto.admin.v1.RegisteredModel.newBuilder()
        .setName(model.name())
        .addAllVersions(model.versions().stream().map(RegistryAdmin::message).toList())
        .putAllAliases(model.aliases())
        .build();
  }

  private static dev.millrace.proto.admin.v1.RegisteredVersion message(RegisteredVersion version) {
    return dev.millrace.proto.admin.v1.RegisteredVersion.newBuilder()
        .setModel(version.model())
        .setVersion(version.version())
        .setDigest(version.digest())
        .setCreated(Timestamps.fromMillis(version.created().toEpochMilli()))
        .addAllFiles(
            version.files().stream()
                .map(
                    file ->
                        PushedFile.newBuilder()
                            .setName(file.name())
                            .setSize(file.size())
                            .setSha256(file.sha256())
                            .build())
                .toList())
        .putAllMetadata(version.metadata())
        .setNote(version.note())
        .addAllInputs(version.inputs())
        .addAllOutputs(version.outputs())
        .setPushedBy(version.pushedBy())
        .build();
  }
}
