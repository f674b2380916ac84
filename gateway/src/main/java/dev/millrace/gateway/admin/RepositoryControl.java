// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import dev.millrace.backends.deployment.Event;
import dev.millrace.backends.deployment.EventLog;
import dev.millrace.backends.repository.BroughtModels;
import dev.millrace.backends.repository.VersionSelector;
import dev.millrace.backends.serving.Reconciler;
import dev.millrace.backends.threads.Niceness;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.ModelRepositoryParameter;
import dev.millrace.proto.inference.RepositoryModelLoadRequest;
import dev.millrace.proto.inference.RepositoryModelLoadResponse;
import dev.millrace.proto.inference.RepositoryModelUnloadRequest;
import dev.millrace.proto.inference.RepositoryModelUnloadResponse;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;

/**
 * RepositoryModelLoad and RepositoryModelUnload, as Triton has them with explicit model control:
 * who may call them is as with any other change. What they answer is in Triton's words where
 * clients may look at them.
 */
public final class RepositoryControl {
  private final Reconciler reconciler;
  private final BroughtModels brought;
  private final EventLog events;
  private final boolean isExplicit;
  private final Intake intake;

  private RepositoryControl(
      Reconciler reconciler,
      BroughtModels brought,
      EventLog events,
      boolean isExplicit,
      Intake intake) {
    this.reconciler = reconciler;
    this.brought = brought;
    this.events = events;
    this.isExplicit = isExplicit;
    this.intake = intake;
  }

  /**
   * The two methods, guarded, and off the event loops.
   *
   * @param brought takes what loads bring along
   * @param isExplicit whether they are allowed at all
   * @param token what changes need; empty for none, and then only from this machine
   * @param intake asked whether calls are still taken
   */
  public static ServerServiceDefinition service(
      Reconciler reconciler,
      BroughtModels brought,
      EventLog events,
      boolean isExplicit,
      String token,
      Intake intake) {
    RepositoryControl control =
        new RepositoryControl(reconciler, brought, events, isExplicit, intake);
    Executor threads =
        Executors.newCachedThreadPool(
            task ->
                Thread.ofPlatform()
                    .name("model-control")
                    .daemon()
                    .unstarted(Niceness.givingWay(task)));
    return ServerInterceptors.intercept(
        ServerServiceDefinition.builder(GRPCInferenceServiceGrpc.SERVICE_NAME)
            .addMethod(
                GRPCInferenceServiceGrpc.getRepositoryModelLoadMethod(),
                ServerCalls.asyncUnaryCall(control::load))
            .addMethod(
                GRPCInferenceServiceGrpc.getRepositoryModelUnloadMethod(),
                ServerCalls.asyncUnaryCall(control::unload))
            .build(),
        new Guard(new Access(token), Set.of()),
        new OffLoop(threads));
  }

  private void load(
      RepositoryModelLoadRequest request, StreamObserver<RepositoryModelLoadResponse> observer) {
    String actor = Guard.actor();
    answer(
        observer,
        RepositoryModelLoadResponse.getDefaultInstance(),
        () -> {
          String model = model(request.getRepositoryName(), request.getModelName());
          BroughtContent content = BroughtContent.of(request.getParametersMap());
          Optional<String> problem = begin(model, content).join(); // which may take minutes
          events.add(
              actor, model, Event.Kind.MODEL_LOADED, "", content.digests(), problem.orElse(""));
          if (problem.isPresent() && intake.isClosed()) {
            throw Intake.refusal();
          }
          if (problem.isPresent()) {
            throw Status.INVALID_ARGUMENT
                .withDescription("load failed for model '%s': %s".formatted(model, problem.get()))
                .asRuntimeException();
          }
        });
  }

  private void unload(
      RepositoryModelUnloadRequest request,
      StreamObserver<RepositoryModelUnloadResponse> observer) {
    String actor = Guard.actor();
    answer(
        observer,
        RepositoryModelUnloadResponse.getDefaultInstance(),
        () -> {
          String model = model(request.getRepositoryName(), request.getModelName());
          // nothing here depends on another model
          refuse(request.getParametersMap(), "unload", Set.of("unload_dependents"));
          intake.enter();
          try {
            reconciler.unchoose(model).join();
            brought.forget(model);
          } finally {
            intake.leave();
          }
          events.add(actor, model, Event.Kind.MODEL_UNLOADED, "", "");
        });
  }

  private CompletableFuture<Optional<String>> begin(String model, BroughtContent content) {
    intake.enter();
    try {
      content.bring(model, brought);
      return reconciler.choose(model);
    } catch (IOException e) {
      throw Status.INTERNAL
          .withDescription("load failed for model '%s': %s".formatted(model, e))
          .asRuntimeException();
    } finally {
      intake.leave();
    }
  }

  private <R> void answer(StreamObserver<R> observer, R answer, Runnable change) {
    try {
      if (!isExplicit) {
        throw Status.UNAVAILABLE
            .withDescription(
                "explicit model load / unload is not allowed if polling is enabled (expected"
                    + " model_control: explicit)")
            .asRuntimeException();
      }
      change.run();
    } catch (StatusRuntimeException e) {
      observer.onError(e);
      return;
    }
    observer.onNext(answer);
    observer.onCompleted();
  }

  /** KServe's message has the model's name where Triton's has the repository's. */
  private static String model(String first, String second) {
    if (!first.isEmpty() && !second.isEmpty()) {
      throw Status.UNIMPLEMENTED
          .withDescription("'repository_name' specification is not supported")
          .asRuntimeException();
    }
    String model = first.isEmpty() ? second : first;
    if (!VersionSelector.isModelName(model)) {
      throw AdminJson.invalid(
          "model_name: '%s' (expected 1..128 of the letters A-Z a-z 0-9 _ - . and neither - nor ."
                  .formatted(model)
              + " first)");
    }
    return model;
  }

  private static void refuse(
      Map<String, ModelRepositoryParameter> parameters, String verb, Set<String> known) {
    for (String name : parameters.keySet()) {
      if (!known.contains(name)) {
        throw AdminJson.invalid("unrecognized %s parameter '%s'.".formatted(verb, name));
      }
    }
  }
}
