// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import com.google.protobuf.ByteString;
import dev.millrace.proto.inference.ModelInferRequest;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.protobuf.ProtoUtils;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * A request from gRPC's stream to its tensors, in this codec and in protobuf's. Each figure holds
 * the making of the stream, which {@link #streamAlone} shows.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class DecodeBenchmark {
  private static final MethodDescriptor<InferRequest, InferResponse> OURS =
      InferMarshaller.modelInfer();
  private static final Marshaller<ModelInferRequest> PROTOBUF =
      ProtoUtils.marshaller(ModelInferRequest.getDefaultInstance());

  @Param private Message message;

  private final ByteBuffer slab = ByteBuffer.allocateDirect(1 << 20);
  private ByteBuffer bytes;

  /** What is sent. */
  public enum Message {
    /** A row of 16 floats: 117 bytes. */
    SMALL,
    /** The same with an id and a parameter, so that its head is read each time. */
    SMALL_WITH_ID,
    /** An image: a tensor of 602,112 bytes in 37 slices. */
    LARGE
  }

  @Setup
  public void send() {
    bytes =
        Messages.onTheWire(
            switch (message) {
              case SMALL -> Messages.request(16);
              case SMALL_WITH_ID -> Messages.requestWithId(16);
              case LARGE -> Messages.request(150_528);
            });
  }

  @Benchmark
  public int streamAlone() throws IOException {
    try (InputStream stream = Messages.stream(bytes)) {
      return stream.available();
    }
  }

  /** The tensor stays where it is. */
  @Benchmark
  public long decode() {
    try (InferRequest request = OURS.parseRequest(Messages.stream(bytes))) {
      return request.input(0).view().byteLength() + request.modelName().length();
    }
  }

  @Benchmark
  public int decodeAndCopy() {
    try (InferRequest request = OURS.parseRequest(Messages.stream(bytes))) {
      return request.input(0).view().copyTo(slab, 0) + request.modelName().length();
    }
  }

  @Benchmark
  public int protobufAndCopy(Blackhole blackhole) throws IOException {
    try (InputStream stream = Messages.stream(bytes)) {
      ModelInferRequest request = PROTOBUF.parse(stream);
      ByteString raw = request.getRawInputContents(0);
      raw.copyTo(slab.duplicate());
      // texts are made when they are asked for
      blackhole.consume(request.getModelName());
      blackhole.consume(request.getInputs(0).getName());
      blackhole.consume(request.getInputs(0).getDatatype());
      blackhole.consume(request.getOutputs(1).getName());
      return raw.size();
    }
  }
}
