// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import dev.millrace.backends.tensor.DataType;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import dev.millrace.proto.inference.ModelMetadataRequest;
import dev.millrace.proto.inference.ModelMetadataResponse;
import dev.millrace.proto.inference.ModelMetadataResponse.TensorMetadata;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Learns what models take and give from their server. Blocks; a few seconds at most per model. */
final class MetadataReader {
  /** Enough for a server that is busy with loading; a person waits for it. */
  private static final long DEADLINE_SECONDS = 10;

  private final Channel channel;
  private final GRPCInferenceServiceBlockingStub server;

  MetadataReader(Channel channel) {
    this.channel = channel;
    this.server = GRPCInferenceServiceGrpc.newBlockingStub(channel);
  }

  /** Asks for a model; {@link WorkloadException} if it is unknown or the server cannot be asked. */
  ModelSignature read(ModelShare share) {
    ModelMetadataRequest.Builder request = ModelMetadataRequest.newBuilder().setName(share.model());
    share.version().ifPresent(request::setVersion);
    ModelMetadataResponse answer;
    try {
      answer =
          server
              .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS)
              .modelMetadata(request.build());
    } catch (StatusRuntimeException e) {
      throw new WorkloadException(reason(share, e.getStatus()), e);
    }
    List<TensorSpec> inputs = specs(share, Side.INPUT, answer.getInputsList());
    if (inputs.isEmpty()) {
      throw new WorkloadException(
          "model '%s': the server names no inputs (expected at least one)"
              .formatted(share.label()));
    }
    return new ModelSignature(share, inputs, specs(share, Side.OUTPUT, answer.getOutputsList()));
  }

  private String reason(ModelShare share, Status status) {
    String server = channel.authority();
    Throwable cause = status.getCause();
    return switch (status.getCode()) {
      case NOT_FOUND ->
          "model '%s': unknown to %s: %s".formatted(share.label(), server, text(status));
      case UNIMPLEMENTED ->
          "%s: not a server of the Open Inference Protocol: %s".formatted(server, text(status));
      case DEADLINE_EXCEEDED ->
          "%s: no answer within %d s to what model '%s' takes"
              .formatted(server, DEADLINE_SECONDS, share.label());
      // a server that answers UNAVAILABLE itself gives no cause
      case UNAVAILABLE ->
          cause == null
              ? refusal(share, status)
              : "%s: cannot be reached: %s".formatted(server, innermost(cause));
      default -> refusal(share, status);
    };
  }

  private String refusal(ModelShare share, Status status) {
    return "model '%s': %s answers %s: %s"
        .formatted(share.label(), channel.authority(), status.getCode(), text(status));
  }

  private static String text(Status status) {
    String description = status.getDescription();
    return description == null ? "no reason given" : oneLine(description);
  }

  private static String innermost(Throwable cause) {
    Throwable innermost = cause;
    for (Throwable next = cause; next != null; next = next.getCause()) {
      innermost = next;
    }
    String message = innermost.getMessage();
    return oneLine(message == null ? innermost.getClass().getSimpleName() : message);
  }

  private static String oneLine(String text) {
    return text.strip().replaceAll("\\s*\\R\\s*", " ");
  }

  private static List<TensorSpec> specs(ModelShare share, Side side, List<TensorMetadata> tensors) {
    List<TensorSpec> specs = new ArrayList<>();
    for (TensorMetadata tensor : tensors) {
      DataType type = DataType.of(tensor.getDatatype());
      if (type == null) {
        throw new WorkloadException(
            "model '%s' %s '%s': datatype '%s' (expected one of %s)"
                .formatted(
                    share.label(),
                    side,
                    tensor.getName(),
                    tensor.getDatatype(),
                    Arrays.toString(DataType.values())));
      }
      specs.add(new TensorSpec(tensor.getName(), type, tensor.getShapeList()));
    }
    return specs;
  }
}
