// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.samples;

import com.google.protobuf.ByteString;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferRequest.InferInputTensor;
import dev.millrace.proto.inference.ModelInferResponse;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What an application has of a model: the deployment's name, and one channel for as long as the
 * application lives. Any thread.
 */
public final class ScoringClient implements AutoCloseable {
  private static final Metadata.Key<String> APPLICATION =
      Metadata.Key.of("x-application", Metadata.ASCII_STRING_MARSHALLER);

  /** What the channel does by itself; the same as JSON can be put into DNS. Numbers are doubles. */
  private static final Map<String, ?> SERVICE_CONFIG =
      Map.of(
          // calls go to the gateways in turns, and to none that says that it is not ready
          "loadBalancingConfig", List.of(Map.of("round_robin", Map.of())),
          "healthCheckConfig", Map.of("serviceName", GRPCInferenceServiceGrpc.SERVICE_NAME),
          "methodConfig",
              List.of(
                  Map.of(
                      "name",
                      List.of(Map.of("service", GRPCInferenceServiceGrpc.SERVICE_NAME)),
                      "retryPolicy",
                      Map.of(
                          "maxAttempts",
                          4.0,
                          "initialBackoff",
                          "0.02s",
                          "maxBackoff",
                          "0.5s",
                          "backoffMultiplier",
                          3.0,
                          "retryableStatusCodes",
                          List.of("UNAVAILABLE", "RESOURCE_EXHAUSTED")))),
          // when more than one call in ten fails for long, retries stop until it gets better
          "retryThrottling", Map.of("maxTokens", 100.0, "tokenRatio", 0.1));

  private final ManagedChannel channel;
  private final GRPCInferenceServiceBlockingStub stub;
  private final String deployment;

  /**
   * @param target {@code dns:///gateways.internal:8001}, a name with an address for each gateway
   * @param application who is asking, for gateways that share by it
   */
  public ScoringClient(String target, String deployment, String application) {
    this.deployment = deployment;
    channel =
        Grpc.newChannelBuilder(target, InsecureChannelCredentials.create())
            .defaultServiceConfig(SERVICE_CONFIG)
            .enableRetry()
            // finds out that a gateway's machine is gone without a word
            .keepAliveTime(30, TimeUnit.SECONDS)
            .keepAliveTimeout(5, TimeUnit.SECONDS)
            .build();
    Metadata headers = new Metadata();
    headers.put(APPLICATION, application);
    stub =
        GRPCInferenceServiceGrpc.newBlockingStub(channel)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  /**
   * Scores one row.
   *
   * @param patience for all attempts together; the gateway knows it, and begins nothing that would
   *     come too late
   * @throws io.grpc.StatusRuntimeException when it is over, or for what no retry makes better
   */
  public float[] score(float[] row, Duration patience) {
    ModelInferResponse answer =
        stub.withDeadlineAfter(patience.toNanos(), TimeUnit.NANOSECONDS).modelInfer(request(row));
    ByteBuffer raw = answer.getRawOutputContents(0).asReadOnlyByteBuffer();
    float[] scores = new float[raw.remaining() / Float.BYTES];
    raw.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(scores);
    return scores;
  }

  private ModelInferRequest request(float[] row) {
    ByteBuffer raw = ByteBuffer.allocate(row.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    raw.asFloatBuffer().put(row);
    return ModelInferRequest.newBuilder()
        .setModelName(deployment)
        .addInputs(
            InferInputTensor.newBuilder()
                .setName("x")
                .setDatatype("FP32")
                .addShape(1)
                .addShape(row.length))
        .addRawInputContents(ByteString.copyFrom(raw))
        .build();
  }

  @Override
  public void close() {
    channel.shutdown();
  }
}
