// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.millrace.backends.onnx.OnnxGraphBuilder;
import dev.millrace.backends.onnx.OnnxGraphBuilder.Attribute;
import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import dev.millrace.proto.inference.InferBatchStatistics;
import dev.millrace.proto.inference.InferParameter;
import dev.millrace.proto.inference.InferTensorContents;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferRequest.InferInputTensor;
import dev.millrace.proto.inference.ModelInferRequest.InferRequestedOutputTensor;
import dev.millrace.proto.inference.ModelInferResponse;
import dev.millrace.proto.inference.ModelStatisticsRequest;
import io.grpc.ClientInterceptor;
import io.grpc.Codec;
import io.grpc.CompressorRegistry;
import io.grpc.DecompressorRegistry;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

/** Right answers to right requests, through the generated stubs over loopback TCP. */
@Timeout(60)
@ExtendWith(NettyLeaks.class)
class InferenceTest {
  private static final int MIB = 1 << 20;
  private static final int MAX_MESSAGE_BYTES = 16 * MIB;

  private static TestGateway gateway;

  @BeforeAll
  static void start(@TempDir Path folder) {
    TestGateway.Builder models =
        TestGateway.over(folder)
            .set(ConfigKey.MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES)
            .model("images", OnnxModels.identity(DataType.FP32, "n", "height", "width"))
            .model("scalar", OnnxModels.identity(DataType.FP32))
            .model("fixed", OnnxModels.unary("Neg", DataType.FP32, 2, 3))
            .model("negate", OnnxModels.unary("Neg", DataType.FP32, "n", 4))
            .model("wide", OnnxModels.identity(DataType.FP32, "n", "m"))
            .model("cumsum", OnnxModels.cumsum(0))
            .model("words", OnnxModels.wordNumbers("red", "grün", ""))
            .model("classes", argMax())
            .model("join", join())
            .model("versions", 1, OnnxModels.unary("Neg", DataType.FP32, "n", 4))
            .model("versions", 2, OnnxModels.unary("Abs", DataType.FP32, "n", 4))
            .model("versions", 10, OnnxModels.identity(DataType.FP32, "n", 4))
            .file("versions/model.yaml", "version_policy: all\n")
            .echo("held", "held", "inputs = x FP32[-1,4]");
    for (DataType type : DataType.values()) {
      models.model(identityOf(type), OnnxModels.identity(type, "n", 3));
    }
    gateway = models.start();
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  private static String identityOf(DataType type) {
    return "identity-" + type.name().toLowerCase(Locale.ROOT);
  }

  /** The largest of four numbers: a label without a second axis. */
  private static byte[] argMax() {
    return OnnxGraphBuilder.named("classes")
        .input("x", DataType.FP32, "n", 4)
        .output("label", DataType.INT64, "n")
        .node(
            "ArgMax",
            List.of("x"),
            List.of("label"),
            Attribute.of("axis", 1L),
            Attribute.of("keepdims", 0L))
        .build();
  }

  /** Two inputs of differing widths; three outputs. */
  private static byte[] join() {
    return OnnxGraphBuilder.named("join")
        .input("left", DataType.FP32, "n", 2)
        .input("right", DataType.FP32, "n", 3)
        .output("joined", DataType.FP32, "n", 5)
        .output("minus_left", DataType.FP32, "n", 2)
        .output("minus_right", DataType.FP32, "n", 3)
        .node("Concat", List.of("left", "right"), List.of("joined"), Attribute.of("axis", 1L))
        .node("Neg", List.of("left"), List.of("minus_left"))
        .node("Neg", List.of("right"), List.of("minus_right"))
        .build();
  }

  // --- datatypes

  @ParameterizedTest
  @EnumSource(DataType.class)
  void everyDatatypeComesBackBitByBitWhenSentRaw(DataType type) {
    Tensor sent = Tensor.of("x", type, sample(type), 2, 3);

    List<Tensor> answer = gateway.infer(identityOf(type), sent);

    assertThat(answer).containsExactly(sent.named("y"));
  }

  /** Six elements, extremes among them, those above the signed range of unsigned types too. */
  private static ByteString sample(DataType type) {
    if (type == DataType.BYTES) {
      return Tensor.strings("x", new String[] {"", "a", "grün", "\0", "line\nbreak", "🌊"}, 6)
          .raw();
    }
    ByteBuffer raw = ByteBuffer.allocate(6 * type.byteSize()).order(ByteOrder.LITTLE_ENDIAN);
    long most = -1L >>> (64 - 8 * type.byteSize()); // all bits: the largest unsigned, or -1
    long sign = (most >>> 1) + 1;
    switch (type) {
      case BOOL -> raw.put(new byte[] {0, 1, 1, 0, 1, 0});
      case FP16 -> shorts(raw, 0, 0x8000, 0x3c01, 0x7bff, 0x7c00, 0x0001);
      case BF16 -> shorts(raw, 0, 0x8000, 0x3f81, 0x7f7f, 0xff80, 0x0001);
      case FP32 -> {
        for (float f : new float[] {-0f, 1.5f, Float.MAX_VALUE, Float.MIN_VALUE, 1f / 0f, -3}) {
          raw.putFloat(f);
        }
      }
      case FP64 -> {
        for (double d : new double[] {-0d, 1.5, Double.MAX_VALUE, 4.9e-324, 1d / 0d, -3}) {
          raw.putDouble(d);
        }
      }
      case INT8, UINT8, INT16, UINT16, INT32, UINT32, INT64, UINT64 -> {
        for (long bits : new long[] {0, 1, most, sign, sign - 1, sign + 1}) {
          for (int i = 0; i < type.byteSize(); i++) {
            raw.put((byte) (bits >>> (8 * i)));
          }
        }
      }
      case BYTES -> throw new IllegalStateException();
    }
    return ByteString.copyFrom(raw.flip());
  }

  private static void shorts(ByteBuffer raw, int... values) {
    for (int value : values) {
      raw.putShort((short) value);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      mode = Mode.EXCLUDE,
      names = {"FP16", "BF16"})
  void everyDatatypeThatHasATypedListMayBeSentTyped(DataType type) {
    ByteString raw = sample(type);
    Tensor tensor = Tensor.of("x", type, raw, 2, 3);
    ModelInferRequest.Builder request =
        ModelInferRequest.newBuilder()
            .setModelName(identityOf(type))
            .addInputs(tensor.head().setContents(typed(type, raw)));

    assertThat(Tensor.of(gateway.infer(request))).containsExactly(tensor.named("y"));
  }

  private static InferTensorContents typed(DataType type, ByteString raw) {
    InferTensorContents.Builder contents = InferTensorContents.newBuilder();
    ByteBuffer bytes = raw.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      switch (type) {
        case BOOL -> contents.addBoolContents(bytes.get() != 0);
        case INT8 -> contents.addIntContents(bytes.get());
        case INT16 -> contents.addIntContents(bytes.getShort());
        case INT32 -> contents.addIntContents(bytes.getInt());
        case INT64 -> contents.addInt64Contents(bytes.getLong());
        case UINT8 -> contents.addUintContents(Byte.toUnsignedInt(bytes.get()));
        case UINT16 -> contents.addUintContents(Short.toUnsignedInt(bytes.getShort()));
        case UINT32 -> contents.addUintContents(bytes.getInt());
        case UINT64 -> contents.addUint64Contents(bytes.getLong());
        case FP32 -> contents.addFp32Contents(bytes.getFloat());
        case FP64 -> contents.addFp64Contents(bytes.getDouble());
        case BYTES -> {
          byte[] text = new byte[bytes.getInt()];
          bytes.get(text);
          contents.addBytesContents(ByteString.copyFrom(text));
        }
        case FP16, BF16 -> throw new IllegalStateException("no list of " + type);
      }
    }
    return contents.build();
  }

  @Test
  void looksUpStrings() {
    Tensor words = Tensor.strings("word", new String[] {"grün", "blue", "", "red"}, 4, 1);

    Tensor numbers = gateway.infer("words", words).get(0);

    assertThat(numbers.shape()).containsExactly(4L, 1L);
    assertThat(longs(numbers)).containsExactly(2L, -1L, 3L, 1L);
  }

  @Test
  void bytesThatAreNoTextComeBackAsTheyWere() {
    ByteString raw = ByteString.fromHex("02000000c32801000000ff00000000");
    Tensor bytes = Tensor.of("x", DataType.BYTES, raw, 1, 3);
    assertThat(gateway.infer(identityOf(DataType.BYTES), bytes)).containsExactly(bytes.named("y"));
  }

  // --- shapes

  @Test
  void shapesMayChangeFromRequestToRequest() {
    for (long[] shape : new long[][] {{1, 2, 3}, {3, 2, 1}, {1, 5, 7}, {2, 1, 1}, {1, 2, 3}}) {
      int elements = (int) (shape[0] * shape[1] * shape[2]);
      Tensor image = Tensor.floats("x", OnnxModels.randomFloats(elements, elements), shape);
      assertThat(gateway.infer("images", image)).containsExactly(image.named("y"));
    }
  }

  @Test
  void tensorsWithoutElementsAreAnsweredWithTensorsWithoutElements() {
    Tensor noRows = Tensor.floats("x", new float[0], 0, 4);
    assertThat(gateway.infer("negate", noRows)).containsExactly(noRows.named("y"));

    Tensor noWidth = Tensor.floats("x", new float[0], 2, 3, 0);
    assertThat(gateway.infer("images", noWidth)).containsExactly(noWidth.named("y"));

    Tensor noWords = Tensor.strings("x", new String[0], 0, 3);
    assertThat(gateway.infer(identityOf(DataType.BYTES), noWords))
        .containsExactly(noWords.named("y"));
  }

  @Test
  void anEmptyTensorNeedsNoDataAtAll() {
    ModelInferRequest.Builder request =
        ModelInferRequest.newBuilder().setModelName("negate").addInputs(Tensor.rows(0, 0).head());

    Tensor answer = Tensor.of(gateway.infer(request)).get(0);

    assertThat(answer.shape()).containsExactly(0L, 4L);
    assertThat(answer.raw().isEmpty()).isTrue();
  }

  @Test
  void aScalarHasNoDimensions() {
    Tensor scalar = Tensor.floats("x", new float[] {42});
    assertThat(gateway.infer("scalar", scalar)).containsExactly(scalar.named("y"));
  }

  @Test
  void aModelWithoutABatchAxisIsServedAsItIs() {
    Tensor six = Tensor.floats("x", new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
    Tensor answer = gateway.infer("fixed", six).get(0);
    assertThat(answer.shape()).containsExactly(2L, 3L);
    assertThat(floats(answer)).containsExactly(-1, -2, -3, -4, -5, -6);
  }

  @Test
  void aModelThatMixesItsRowsGetsEachRequestAlone() throws Exception {
    Tensor twoRows = Tensor.floats("x", new float[] {1, 2, 3, 4, 10, 20, 30, 40}, 2, 4);
    List<Future<ModelInferResponse>> answers = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      answers.add(gateway.futureStub().modelInfer(Tensor.request("cumsum", twoRows).build()));
    }
    for (Future<ModelInferResponse> answer : answers) {
      assertThat(floats(first(answer))).containsExactly(1, 2, 3, 4, 11, 22, 33, 44);
    }
  }

  @Test
  void aLabelPerRowStaysOfOneAxis() {
    Tensor rows = Tensor.floats("x", new float[] {0, 9, 1, 2, 5, 4, 3, 2, 0, 0, 0, 1}, 3, 4);
    Tensor labels = gateway.infer("classes", rows).get(0);
    assertThat(labels.shape()).containsExactly(3L);
    assertThat(longs(labels)).containsExactly(1L, 0L, 3L);
  }

  // --- inputs and outputs

  private static final Tensor LEFT = Tensor.floats("left", new float[] {1, 2, 3, 4}, 2, 2);
  private static final Tensor RIGHT = Tensor.floats("right", new float[] {5, 6, 7, 8, 9, 10}, 2, 3);

  @Test
  void inputsMayComeInAnyOrderAndAllOutputsLeaveInTheModels() {
    List<Tensor> answer = gateway.infer("join", RIGHT, LEFT);

    assertThat(answer)
        .extracting(Tensor::name)
        .containsExactly("joined", "minus_left", "minus_right");
    assertThat(answer.get(0).shape()).containsExactly(2L, 5L);
    assertThat(floats(answer.get(0))).containsExactly(1, 2, 5, 6, 7, 3, 4, 8, 9, 10);
    assertThat(floats(answer.get(1))).containsExactly(-1, -2, -3, -4);
    assertThat(floats(answer.get(2))).containsExactly(-5, -6, -7, -8, -9, -10);
  }

  @Test
  void outputsLeaveInTheOrderAskedFor() {
    ModelInferRequest.Builder request =
        Tensor.request("join", LEFT, RIGHT)
            .addOutputs(InferRequestedOutputTensor.newBuilder().setName("minus_right"))
            .addOutputs(InferRequestedOutputTensor.newBuilder().setName("joined"));

    List<Tensor> answer = Tensor.of(gateway.infer(request));

    assertThat(answer).extracting(Tensor::name).containsExactly("minus_right", "joined");
    assertThat(floats(answer.get(0))).startsWith(-5);
    assertThat(floats(answer.get(1))).startsWith(1);
  }

  @Test
  void theAnswerNamesModelVersionAndId() {
    ModelInferResponse answer =
        gateway.infer(Tensor.request("negate", Tensor.rows(1, 1)).setId("Anfrage № 7"));

    assertThat(answer.getModelName()).isEqualTo("negate");
    assertThat(answer.getModelVersion()).isEqualTo("1");
    assertThat(answer.getId()).isEqualTo("Anfrage № 7");
    assertThat(answer.getOutputs(0).hasContents()).isFalse();
  }

  @Test
  void aVersionIsServedByItsNumberAndTheHighestWithoutOne() {
    Tensor row = Tensor.floats("x", new float[] {-1, 2, -3, 4}, 1, 4);
    assertThat(floats(versioned(row, "1"))).containsExactly(1, -2, 3, -4);
    assertThat(floats(versioned(row, "2"))).containsExactly(1, 2, 3, 4);
    assertThat(floats(versioned(row, "10"))).containsExactly(-1, 2, -3, 4);
    assertThat(floats(versioned(row, ""))).containsExactly(-1, 2, -3, 4);
    assertThat(gateway.infer(Tensor.request("versions", row).setModelVersion("")).getModelVersion())
        .isEqualTo("10");
  }

  private static Tensor versioned(Tensor input, String version) {
    return Tensor.of(gateway.infer(Tensor.request("versions", input).setModelVersion(version)))
        .get(0);
  }

  @Test
  void parametersNobodyKnowsAreIgnored() {
    InferParameter yes = InferParameter.newBuilder().setBoolParam(true).build();
    InferParameter seven = InferParameter.newBuilder().setInt64Param(7).build();
    ModelInferRequest.Builder request =
        Tensor.request("negate", Tensor.rows(1, 1))
            .putParameters("triton_enable_empty_final_response", yes)
            .putParameters("priority", seven)
            .putParameters("ratio", InferParameter.newBuilder().setDoubleParam(0.5).build())
            .putParameters("nothing", InferParameter.getDefaultInstance())
            .addOutputs(
                InferRequestedOutputTensor.newBuilder()
                    .setName("y")
                    .putParameters("binary_data", yes));
    InferInputTensor input =
        request.getInputs(0).toBuilder().putParameters("binary_data_size", seven).build();

    assertThat(floats(Tensor.of(gateway.infer(request.setInputs(0, input))).get(0)))
        .containsExactly(-1, -2, -3, -4);
  }

  // --- transport

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "deflate"})
  void requestsMayBeCompressed(String compression) {
    CompressorRegistry compressors = CompressorRegistry.newEmptyInstance();
    compressors.register(new Codec.Gzip());
    compressors.register(new ZlibCodec());
    ManagedChannel compressing =
        NettyChannelBuilder.forAddress("127.0.0.1", gateway.gateway().grpcPort())
            .usePlaintext()
            .directExecutor()
            .compressorRegistry(compressors)
            .decompressorRegistry(
                DecompressorRegistry.getDefaultInstance().with(new ZlibCodec(), true))
            .build();
    try {
      Tensor zeros = Tensor.floats("x", new float[MIB], 1, MIB);
      ModelInferResponse answer =
          GRPCInferenceServiceGrpc.newBlockingStub(compressing)
              .withDeadlineAfter(30, TimeUnit.SECONDS)
              .withMaxInboundMessageSize(MAX_MESSAGE_BYTES)
              .withCompression(compression)
              .modelInfer(Tensor.request("wide", zeros).build());
      assertThat(Tensor.of(answer)).containsExactly(zeros.named("y"));
    } finally {
      TestGateway.closeChannel(compressing);
    }
  }

  @Test
  void messagesAboveFourMebibytesPass() {
    float[] values = OnnxModels.randomFloats(5, 3 * MIB / 2);
    Tensor large = Tensor.floats("x", values, 3, MIB / 2);
    assertThat(gateway.infer("wide", large)).containsExactly(large.named("y"));
  }

  @Test
  void aMessageOverTheLimitIsRefusedAndTheConnectionStays() {
    Tensor tooLarge =
        Tensor.floats("x", new float[MAX_MESSAGE_BYTES / 4], 1, MAX_MESSAGE_BYTES / 4);

    // grpc-java's client leaves the refused stream half open: such a connection never ends by
    // itself
    ManagedChannel own = gateway.newChannel();
    try {
      GRPCInferenceServiceBlockingStub stub =
          GRPCInferenceServiceGrpc.newBlockingStub(own).withDeadlineAfter(30, TimeUnit.SECONDS);

      StatusRuntimeException refusal =
          catchThrowableOfType(
              StatusRuntimeException.class,
              () -> stub.modelInfer(Tensor.request("wide", tooLarge).build()));

      assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(refusal.getStatus().getDescription()).contains("" + MAX_MESSAGE_BYTES);
      ModelInferResponse next =
          stub.modelInfer(Tensor.request("negate", Tensor.rows(1, 1)).build());
      assertThat(floats(Tensor.of(next).get(0))).containsExactly(-1, -2, -3, -4);
    } finally {
      own.shutdownNow();
    }
  }

  @Test
  void aSmallMessageThatUnpacksToOneOverTheLimitIsRefused() {
    Tensor tooLarge =
        Tensor.floats("x", new float[MAX_MESSAGE_BYTES / 4], 1, MAX_MESSAGE_BYTES / 4);

    StatusRuntimeException refusal =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                gateway
                    .stub()
                    .withCompression("gzip")
                    .modelInfer(Tensor.request("wide", tooLarge).build()));

    assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(refusal.getStatus().getDescription()).contains("" + MAX_MESSAGE_BYTES);
  }

  @Test
  void answersCarryOneSetOfHeaders() {
    AtomicReference<Metadata> headers = new AtomicReference<>();
    AtomicReference<Metadata> trailers = new AtomicReference<>();
    ClientInterceptor capture = MetadataUtils.newCaptureMetadataInterceptor(headers, trailers);

    gateway
        .stub()
        .withInterceptors(capture)
        .modelInfer(Tensor.request("negate", Tensor.rows(1, 1)).build());

    assertThat(headers.get()).isNotNull();
    assertThat(trailers.get()).isNotNull();
  }

  // --- batching

  @Test
  void requestsThatWaitTogetherRunTogetherAndEachGetsItsOwnRows() throws Exception {
    int callers = 24;
    long runsBefore = runsOf("held");
    List<Future<ModelInferResponse>> answers = new ArrayList<>();
    Future<ModelInferResponse> firstAnswer;
    try (Gate gate = Gate.of("held").shut()) {
      firstAnswer =
          gateway.futureStub().modelInfer(Tensor.request("held", Tensor.rows(1, 7)).build());
      await().atMost(TestGateway.PATIENCE).until(() -> gate.waiting() == 1);
      for (int i = 0; i < callers; i++) {
        ModelInferRequest.Builder request =
            Tensor.request("held", Tensor.rows(1 + i % 3, 100 * i)).setId("" + i);
        answers.add(gateway.futureStub().modelInfer(request.build()));
      }
      await()
          .atMost(TestGateway.PATIENCE)
          .until(
              () -> gateway.metrics().sum("millrace_queued_rows", "model", "held"),
              rows -> rows == sumOfRows(callers));
    }

    assertThat(floats(first(firstAnswer))).containsExactly(7, 8, 9, 10);
    for (int i = 0; i < callers; i++) {
      ModelInferResponse answer = answers.get(i).get(30, TimeUnit.SECONDS);
      assertThat(answer.getId()).isEqualTo("" + i);
      assertThat(Tensor.of(answer)).containsExactly(Tensor.rows(1 + i % 3, 100 * i).named("y"));
    }
    // as few as the learned costs make it: one, or a few on a machine that was busy at the warm-up
    assertThat(runsOf("held") - runsBefore).isBetween(2L, callers / 2L);
  }

  private static int sumOfRows(int callers) {
    return IntStream.range(0, callers).map(i -> 1 + i % 3).sum();
  }

  private static long runsOf(String model) {
    return gateway
        .stub()
        .modelStatistics(ModelStatisticsRequest.newBuilder().setName(model).build())
        .getModelStats(0)
        .getBatchStatsList()
        .stream()
        .mapToLong(InferenceTest::count)
        .sum();
  }

  private static long count(InferBatchStatistics size) {
    return size.getComputeInfer().getCount();
  }

  @Test
  void manyCallersAtOnceGetTheirOwnRows() throws Exception {
    int callers = 8;
    try (ExecutorService threads = Executors.newFixedThreadPool(callers)) {
      List<Future<?>> done = new ArrayList<>();
      for (int c = 0; c < callers; c++) {
        int caller = c;
        done.add(threads.submit(() -> sendMany(caller)));
      }
      for (Future<?> caller : done) {
        caller.get(60, TimeUnit.SECONDS);
      }
    }
  }

  private static void sendMany(int caller) {
    for (int i = 0; i < 100; i++) {
      int rows = 1 + (caller + i) % 5;
      float[] values = OnnxModels.randomFloats(1000 * caller + i, rows * 4);
      float[] negated = new float[values.length];
      for (int k = 0; k < values.length; k++) {
        negated[k] = -values[k];
      }
      assertThat(gateway.infer("negate", Tensor.floats("x", values, rows, 4)))
          .containsExactly(Tensor.floats("y", negated, rows, 4));
    }
  }

  @Test
  void aRequestOfMoreRowsThanABatchHoldsRunsAlone() {
    float[] values = OnnxModels.randomFloats(11, 1000 * 4);
    Tensor answer = gateway.infer("negate", Tensor.floats("x", values, 1000, 4)).get(0);
    assertThat(answer.shape()).containsExactly(1000L, 4L);
    assertThat(floats(answer)[3999]).isEqualTo(-values[3999]);
  }

  private static Tensor first(Future<ModelInferResponse> answer) throws Exception {
    try {
      return Tensor.of(answer.get(30, TimeUnit.SECONDS)).get(0);
    } catch (ExecutionException e) {
      throw new AssertionError(e.getCause());
    }
  }

  private static float[] floats(Tensor tensor) {
    float[] values = new float[tensor.raw().size() / 4];
    tensor.raw().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  private static long[] longs(Tensor tensor) {
    long[] values = new long[tensor.raw().size() / 8];
    tensor.raw().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().get(values);
    return values;
  }
}
