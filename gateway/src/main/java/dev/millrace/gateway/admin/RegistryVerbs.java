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
import dev.millrace.proto.admin.v1.PushedFile;
import dev.millrace.proto.admin.v1.RegistryServiceGrpc;
import dev.millrace.proto.admin.v1.SetAliasRequest;
import java.io.IOException;
import java.util.List;

/** What can be asked of the gateway's own registry. */
final class RegistryVerbs {
  private final LocalRegistry registry;
  private final Deployments deployments;
  private final EventLog events;
  private final ModelCheck check;
  private final Intake intake;
  private final Runnable onChange;

  /**
   * @param intake asked whether versions are still taken in
   * @param onChange called after an alias or a version has changed
   */
  RegistryVerbs(
      LocalRegistry registry,
      Deployments deployments,
      EventLog events,
      ModelCheck check,
      Intake intake,
      Runnable onChange) {
    this.registry = registry;
    this.deployments = deployments;
    this.events = events;
    this.check = check;
    this.intake = intake;
    this.onChange = onChange;
  }

  List<Verb<?, ?>> all() {
    return List.of(
        new Verb<>(
            RegistryServiceGrpc.getListModelsMethod(),
            "GET",
            "/models",
            "",
            "All models, their versions and aliases",
            this::list),
        new Verb<>(
            RegistryServiceGrpc.getGetModelMethod(),
            "GET",
            "/models/{name}",
            "",
            "A model, its versions and aliases",
            this::get),
        new Verb<>(
            RegistryServiceGrpc.getSetAliasMethod(),
            "PUT",
            "/models/{model}/aliases/{alias}",
            "*",
            "Has an alias mean a version",
            this::setAlias),
        new Verb<>(
            RegistryServiceGrpc.getDeleteAliasMethod(),
            "DELETE",
            "/models/{model}/aliases/{alias}",
            "",
            "Takes an alias away",
            this::deleteAlias),
        new Verb<>(
            RegistryServiceGrpc.getDeleteVersionMethod(),
            "DELETE",
            "/models/{model}/versions/{version}",
            "",
            "Takes a version away that nothing means any more",
            this::deleteVersion));
  }

  private ListModelsResponse list(ListModelsRequest request, String actor) throws IOException {
    return ListModelsResponse.newBuilder()
        .addAllModels(registry.models().stream().map(RegistryVerbs::message).toList())
        .build();
  }

  private dev.millrace.proto.admin.v1.RegisteredModel get(GetModelRequest request, String actor)
      throws IOException, RegistryException {
    return message(registry.model(request.getName()));
  }

  private dev.millrace.proto.admin.v1.RegisteredModel setAlias(
      SetAliasRequest request, String actor) throws IOException, RegistryException {
    RegisteredModel model =
        move(request.getModel(), request.getAlias(), request.getVersion(), actor);
    onChange.run();
    return message(model);
  }

  private dev.millrace.proto.admin.v1.RegisteredModel deleteAlias(
      DeleteAliasRequest request, String actor) throws IOException, RegistryException {
    RegisteredModel model = registry.deleteAlias(request.getModel(), request.getAlias());
    String alias = "@" + request.getAlias();
    events.add(actor, request.getModel(), Event.Kind.ALIAS_DELETED, alias, "");
    onChange.run();
    return message(model);
  }

  private dev.millrace.proto.admin.v1.RegisteredModel deleteVersion(
      DeleteVersionRequest request, String actor) throws IOException, RegistryException {
    RegisteredModel model =
        registry.deleteVersion(request.getModel(), request.getVersion(), this::isInUse);
    String version = Long.toString(request.getVersion());
    events.add(actor, request.getModel(), Event.Kind.VERSION_DELETED, version, "");
    return message(model);
  }

  /**
   * Begins to take a version in, whose files are to follow.
   *
   * @throws RegistryException if the header says what cannot be
   */
  Upload begin(PushHeader header) throws IOException, RegistryException {
    for (String alias : header.getAliasesList()) {
      if (!VersionSelector.isAlias(alias)) {
        throw new RegistryException(
            RegistryException.Kind.INVALID, "alias: '" + alias + "' is none");
      }
    }
    intake.enter();
    try {
      return registry.begin(
          header.getModel(),
          header.getVersion(),
          header.getFilesList().stream()
              .map(file -> new RegisteredFile(file.getName(), file.getSize(), file.getSha256()))
              .toList());
    } finally {
      intake.leave();
    }
  }

  /** Makes a version visible whose files have arrived, if it can be loaded. */
  dev.millrace.proto.admin.v1.RegisteredVersion commit(
      PushHeader header, Upload upload, String actor) throws IOException, RegistryException {
    intake.enter();
    try {
      return load(header, upload, actor);
    } finally {
      intake.leave();
    }
  }

  private dev.millrace.proto.admin.v1.RegisteredVersion load(
      PushHeader header, Upload upload, String actor) throws IOException, RegistryException {
    upload.requireComplete();
    ModelCheck.Found found = check.load(header.getModel(), upload.files());
    RegisteredVersion version =
        upload.commit(
            header.getMetadataMap(), header.getNote(), found.inputs(), found.outputs(), actor);
    events.add(
        actor,
        version.model(),
        Event.Kind.VERSION_PUSHED,
        "",
        version.version() + ", SHA-256 " + version.digest());
    try {
      for (String alias : header.getAliasesList()) {
        move(version.model(), alias, version.version(), actor);
      }
    } finally {
      onChange.run(); // the version is there, whatever its aliases
    }
    return message(version);
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
        .addAllVersions(model.versions().stream().map(RegistryVerbs::message).toList())
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
