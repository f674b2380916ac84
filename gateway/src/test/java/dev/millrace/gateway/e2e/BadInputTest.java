// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.millrace.backends.onnx.OnnxGraphBuilder;
import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.InferParameter;
import dev.millrace.proto.inference.InferTensorContents;
import dev.millrace.proto.inference.ModelConfigRequest;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferRequest.InferInputTensor;
import dev.millrace.proto.inference.ModelInferRequest.InferRequestedOutputTensor;
import dev.millrace.proto.inference.ModelInferResponse;
import dev.millrace.proto.inference.ModelMetadataRequest;
import dev.millrace.proto.inference.ModelReadyRequest;
import dev.millrace.proto.inference.ModelStatisticsRequest;
import dev.millrace.proto.inference.RepositoryIndexRequest;
import dev.millrace.proto.inference.RepositoryIndexResponse.ModelIndex;
import io.grpc.CallOptions;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

/**
 * Every way of asking wrongly gets the status and the message that help, and harms nobody else. The
 * whole table is written to {@code target/bad-inputs.md}.
 */
@Timeout(60)
@ExtendWith(NettyLeaks.class)
class BadInputTest {
  private static final Tensor X = Tensor.rows(2, 1);
  private static final Tensor WORDS = Tensor.strings("word", new String[] {"a", "b"}, 2, 1);
  private static final String LIST =
      "[BOOL, UINT8, UINT16, UINT32, UINT64, INT8, INT16, INT32, INT64, FP16, FP32, FP64, BYTES,"
          + " BF16]";

  private static final MethodDescriptor.Marshaller<byte[]> BYTES = new BytesMarshaller();
  private static final TreeMap<Integer, String> TABLE = new TreeMap<>();

  private static TestGateway gateway;

  /** What a client does. */
  interface Act {
    void run() throws Exception;
  }

  /**
   * One bad thing to do.
   *
   * @param message what the status' description must hold
   */
  record Case(String name, Code status, String message, Act act) {
    @Override
    public String toString() {
      return name;
    }
  }

  @BeforeAll
  static void start(@TempDir Path folder) {
    byte[] good = OnnxModels.identity(DataType.FP32, "n", 4);
    byte[] oldOpset =
        OnnxGraphBuilder.named("new")
            .opset(99)
            .input("x", DataType.FP32, "n", 4)
            .output("y", DataType.FP32, "n", 4)
            .node("Identity", List.of("x"), List.of("y"))
            .build();
    byte[] unknownOperator =
        OnnxGraphBuilder.named("odd")
            .input("x", DataType.FP32, "n", 4)
            .output("y", DataType.FP32, "n", 4)
            .node("Frobnicate", List.of("x"), List.of("y"))
            .build();
    gateway =
        TestGateway.over(folder)
            .set(ConfigKey.MAX_MESSAGE_BYTES, 1 << 20)
            .model("good", good)
            .model("two", 1, two())
            .model("fixed", OnnxModels.identity(DataType.FP32, 2, 3))
            .model("flags", OnnxModels.identity(DataType.BOOL, "n", 2))
            .model("halves", OnnxModels.identity(DataType.FP16, "n", 2))
            .model("small", OnnxModels.identity(DataType.INT8, "n", 2))
            .model("words", OnnxModels.wordNumbers("a", "b"))
            .model("any", OnnxModels.identity(DataType.FP32, "n", "m", "k"))
            .model("bounded", good)
            .file("bounded/model.yaml", "max_request_rows: 3\n")
            .model("gather", gather())
            .echo("echo", "poisoned", "inputs = x FP32[-1,4]\nfail_when = 666")
            .echo("echo", "liar", "inputs = x FP32[-1,4]\nwrong_shape = true")
            .echo(
                "held", "busy", "inputs = x FP32[-1,4]", "max_batch_size: 1", "max_queued_rows: 4")
            .echo(
                "held",
                "heavy",
                "inputs = x FP32[-1,4]",
                "max_batch_size: 1",
                "max_queued_bytes: 100")
            .model("truncated", Arrays.copyOf(good, good.length - 20))
            .model("text", "This is no model.\n".getBytes(StandardCharsets.UTF_8))
            .model("opset", oldOpset)
            .model("operator", unknownOperator)
            .model("empty", new byte[0])
            .file("versionless/readme.txt", "models go into numbered folders")
            .file("fileless/1/readme.txt", "and are called model.onnx")
            .model("contradicted", good)
            .file(
                "contradicted/config.pbtxt",
                "input [ { name: \"x\" data_type: TYPE_INT64 dims: [ -1, 4 ] } ]\n")
            .model("misnamed", good)
            .file(
                "misnamed/config.pbtxt",
                "input [ { name: \"pixels\" data_type: TYPE_FP32 dims: [ -1, 4 ] } ]\n")
            .model("yaml", good)
            .file("yaml/model.yaml", "max_batch_size: many\nreplica: 3\n")
            .model("broken-yaml", good)
            .file("broken-yaml/model.yaml", "inputs: [\n")
            .model("broken-pbtxt", good)
            .file("broken-pbtxt/config.pbtxt", "input [ { name: \"x\" ")
            .model("engine", good)
            .file("engine/model.yaml", "backend: tensorflow\n")
            .echo("echo", "refusing", "load_failure = no such device")
            .start();
  }

  private static byte[] two() {
    return OnnxGraphBuilder.named("two")
        .input("a", DataType.FP32, "n", 4)
        .input("b", DataType.FP32, "n", 4)
        .output("sum", DataType.FP32, "n", 4)
        .node("Add", List.of("a", "b"), List.of("sum"))
        .build();
  }

  /** Looks rows of a table up; an index outside of it makes the engine fail. */
  private static byte[] gather() {
    return OnnxGraphBuilder.named("gather")
        .input("index", DataType.INT64, "n", 1)
        .output("row", DataType.FP32, "n", 1)
        .initializer("table", new float[] {10, 20, 30}, 3)
        .node("Gather", List.of("table", "index"), List.of("row"))
        .build();
  }

  @AfterAll
  static void stop() throws IOException {
    gateway.close();
    String table = "| case | status | message |\n|---|---|---|\n" + String.join("", TABLE.values());
    LoggerFactory.getLogger(BadInputTest.class).info("bad inputs\n{}", table);
    Files.createDirectories(Path.of("target"));
    Files.writeString(Path.of("target/bad-inputs.md"), table);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void isRefusedWithAReasonAndHarmsNobody(Case bad) throws Exception {
    Status status = Status.OK;
    try {
      bad.act().run();
    } catch (ExecutionException e) {
      status = Status.fromThrowable(e.getCause());
    } catch (RuntimeException e) {
      status = Status.fromThrowable(e);
    }
    String description = Optional.ofNullable(status.getDescription()).orElse("");
    TABLE.put(
        TABLE.size(),
        "| %s | %s | %s |\n"
            .formatted(bad.name(), status.getCode(), description.replace("|", "\\|")));

    assertThat(status.getCode()).as(description).isEqualTo(bad.status());
    assertThat(description).contains(bad.message());
    assertThat(gateway.infer("good", X)).containsExactly(X.named("y"));
  }

  static List<Case> cases() {
    return Stream.of(
            routes(), inputs(), data(), typed(), outputs(), malformed(), load(), others(), failed())
        .flatMap(List::stream)
        .toList();
  }

  private static Case bad(String name, Code status, String message, Act act) {
    return new Case(name, status, message, act);
  }

  private static Case bad(String name, String message, ModelInferRequest.Builder request) {
    return bad(name, Code.INVALID_ARGUMENT, message, () -> gateway.infer(request));
  }

  private static List<Case> routes() {
    return List.of(
        bad(
            "unknown model",
            Code.NOT_FOUND,
            "model 'nobody': not found",
            () -> gateway.infer("nobody", X)),
        bad("no model name", Code.NOT_FOUND, "model '': not found", () -> gateway.infer("", X)),
        bad(
            "name with a path in it",
            Code.NOT_FOUND,
            "model '../good': not found",
            () -> gateway.infer("../good", X)),
        bad(
            "unknown version",
            Code.NOT_FOUND,
            "model 'good': version 7 not found (there is [1])",
            () -> gateway.infer(Tensor.request("good", X).setModelVersion("7"))),
        bad(
            "version in words",
            "model_version: 'latest' (expected a whole number from 1",
            Tensor.request("good", X).setModelVersion("latest")),
        bad("version 0", "model_version: '0'", Tensor.request("good", X).setModelVersion("0")),
        bad(
            "version below 0",
            "model_version: '-1'",
            Tensor.request("good", X).setModelVersion("-1")),
        bad(
            "version beyond 64 bits",
            "model_version: '99999999999999999999'",
            Tensor.request("good", X).setModelVersion("99999999999999999999")),
        bad(
            "model that could not be loaded",
            Code.UNAVAILABLE,
            "model 'refusing' version 1: not ready, FAILED (no such device)",
            () -> gateway.infer("refusing", X)),
        bad(
            "version that could not be loaded",
            Code.UNAVAILABLE,
            "not ready, FAILED",
            () -> gateway.infer(Tensor.request("text", X).setModelVersion("1"))));
  }

  private static List<Case> inputs() {
    return List.of(
        bad("no input", "input 'x': missing", Tensor.request("good")),
        bad("one input missing", "input 'b': missing", Tensor.request("two", X.named("a"))),
        bad(
            "input of another name",
            "input 'z': unknown to model 'good' (expected [x])",
            Tensor.request("good", X.named("z"))),
        bad("input without a name", "input '': unknown", Tensor.request("good", X.named(""))),
        bad("input too many", "input 'z': unknown", Tensor.request("good", X, X.named("z"))),
        bad("input given twice", "input 'x': given twice", Tensor.request("good", X, X)),
        bad(
            "other datatype",
            "input 'x': datatype INT32 (expected FP32)",
            Tensor.request("good", X.typed("INT32"))),
        bad(
            "unknown datatype",
            "input 'x': datatype 'FLOAT' (expected one of " + LIST + ")",
            Tensor.request("good", X.typed("FLOAT"))),
        bad(
            "datatype in small letters",
            "input 'x': datatype 'fp32'",
            Tensor.request("good", X.typed("fp32"))),
        bad("no datatype", "input 'x': datatype ''", Tensor.request("good", X.typed(""))),
        bad(
            "other rank",
            "input 'x': shape [2,4,1] (expected [-1,4])",
            Tensor.request("good", X.shaped(2, 4, 1))),
        bad(
            "no batch axis",
            "input 'x': shape [8] (expected [-1,4])",
            Tensor.request("good", X.shaped(8))),
        bad(
            "no shape",
            "input 'x': shape [] (expected [-1,4])",
            Tensor.request("good", Tensor.floats("x", new float[1]))),
        bad(
            "other dimension",
            "input 'x': shape [2,5] (expected [-1,4])",
            Tensor.request("good", Tensor.floats("x", new float[10], 2, 5))),
        bad(
            "other fixed batch",
            "input 'x': shape [1,3] (expected [2,3])",
            Tensor.request("fixed", Tensor.floats("x", new float[3], 1, 3))),
        bad(
            "-1 in a shape",
            "input 'x': shape [-1,4] (expected no dimension below 0)",
            Tensor.request("good", X.shaped(-1, 4))),
        bad(
            "rows that differ between inputs",
            "input 'b': 1 rows (expected 2, as in input 'a')",
            Tensor.request("two", X.named("a"), Tensor.rows(1, 0).named("b"))),
        bad(
            "more rows than allowed",
            "input 'x': 4 rows (expected at most 3, max_request_rows of model 'bounded')",
            Tensor.request("bounded", Tensor.rows(4, 0))),
        bad(
            "shape of more than 2^63 elements",
            "expected fewer than 2^63 elements",
            Tensor.request("any", X.shaped(1L << 32, 1L << 32, 2))),
        bad(
            "shape of more than 2^63 bytes",
            "input 'x': 32 raw bytes (expected",
            Tensor.request("any", X.shaped(1L << 31, 1L << 31, 1))),
        bad(
            "shape of 70 axes",
            "input 'x': a shape of rank 70 (expected at most 64)",
            Tensor.request("good", X.shaped(new long[70]))),
        bad(
            "1025 inputs",
            "1025 inputs (expected at most 1024)",
            Tensor.request("good", Collections.nCopies(1025, X).toArray(new Tensor[0]))));
  }

  private static List<Case> data() {
    ModelInferRequest.Builder none =
        ModelInferRequest.newBuilder().setModelName("good").addInputs(X.head());
    return List.of(
        bad("no data", "input 'x': no data", none),
        bad(
            "a byte too few",
            "input 'x': 31 raw bytes (expected 32 bytes for FP32 [2,4])",
            Tensor.request("good", X.holding(X.raw().substring(1)))),
        bad(
            "a byte too many",
            "input 'x': 33 raw bytes (expected 32 bytes for FP32 [2,4])",
            Tensor.request("good", X.holding(X.raw().concat(ByteString.copyFrom(new byte[1]))))),
        bad(
            "half of the elements",
            "input 'x': 16 raw bytes (expected 32 bytes",
            Tensor.request("good", X.holding(X.raw().substring(16)))),
        bad(
            "bytes where the shape says none",
            "input 'x': 32 raw bytes (expected 0 bytes",
            Tensor.request("good", X.shaped(0, 4))),
        bad(
            "fewer blobs than inputs",
            "1 blobs in raw_input_contents (expected 2, one for each input)",
            Tensor.request("two", X.named("a")).addInputs(X.named("b").head())),
        bad(
            "more blobs than inputs",
            "2 blobs in raw_input_contents (expected 1, one for each input)",
            Tensor.request("good", X).addRawInputContents(X.raw())),
        bad(
            "fewer strings than the shape says",
            "input 'word': 2 raw elements (expected 3 for BYTES [3,1])",
            Tensor.request("words", WORDS.shaped(3, 1))),
        bad(
            "string longer than its blob",
            "element 1 of 1000 bytes (expected at most 1",
            Tensor.request("words", WORDS.holding(hex("0100000061e803000062")))),
        bad(
            "string of a length below 0",
            "element 0 of 4294967295 bytes",
            Tensor.request("words", WORDS.holding(hex("ffffffff6100000000")))),
        bad(
            "string without a whole length",
            "2 bytes after element 1 (expected a length of 4 bytes, or the end)",
            Tensor.request("words", WORDS.holding(hex("01000000610000")))));
  }

  private static ByteString hex(String digits) {
    return ByteString.fromHex(digits);
  }

  private static List<Case> typed() {
    InferTensorContents floats = contents(c -> c.addAllFp32Contents(List.of(1f, 2f, 3f, 4f)));
    return List.of(
        bad(
            "typed beside raw",
            "input 'x': contents beside raw_input_contents (expected one of them)",
            Tensor.request("good", X).setInputs(0, X.head().setContents(floats))),
        bad(
            "fewer values than the shape says",
            "input 'x': 4 values in fp32_contents (expected 8 for [2,4])",
            typed("good", X, floats)),
        bad(
            "values in the list of another type",
            "input 'x': 1 values in int_contents (expected FP32 in fp32_contents)",
            typed("good", X.shaped(1, 4), contents(c -> c.addIntContents(1)))),
        bad(
            "values in two lists",
            "input 'x': 1 values in fp64_contents (expected FP32 in fp32_contents)",
            typed("good", X.shaped(1, 4), floats.toBuilder().addFp64Contents(1).build())),
        bad(
            "half floats in a list of floats",
            "input 'x': 2 values in fp32_contents (expected FP16 in raw_input_contents)",
            typed(
                "halves",
                Tensor.of("x", DataType.FP16, ByteString.EMPTY, 1, 2),
                contents(c -> c.addFp32Contents(1).addFp32Contents(2)))),
        bad(
            "value beyond its type",
            "input 'x': value 300 for INT8 (expected -128..127)",
            typed(
                "small",
                Tensor.of("x", DataType.INT8, ByteString.EMPTY, 1, 2),
                contents(c -> c.addIntContents(1).addIntContents(300)))),
        bad(
            "empty list of values",
            "input 'x': 0 values in fp32_contents (expected 8 for [2,4])",
            typed("good", X, InferTensorContents.getDefaultInstance())));
  }

  private static InferTensorContents contents(UnaryOperator<InferTensorContents.Builder> values) {
    return values.apply(InferTensorContents.newBuilder()).build();
  }

  private static ModelInferRequest.Builder typed(
      String model, Tensor tensor, InferTensorContents contents) {
    return ModelInferRequest.newBuilder()
        .setModelName(model)
        .addInputs(tensor.head().setContents(contents));
  }

  private static List<Case> outputs() {
    InferRequestedOutputTensor.Builder y = InferRequestedOutputTensor.newBuilder().setName("y");
    InferParameter text = InferParameter.newBuilder().setStringParam("region").build();
    InferParameter three = InferParameter.newBuilder().setInt64Param(3).build();
    InferInputTensor shared = X.head().putParameters("shared_memory_region", text).build();
    return List.of(
        bad(
            "unknown output",
            "output 'z': unknown to model 'good' (expected one of [y FP32[-1,4]])",
            Tensor.request("good", X).addOutputs(y.clone().setName("z"))),
        bad(
            "output without a name",
            "output '': unknown",
            Tensor.request("good", X).addOutputs(y.clone().setName(""))),
        bad(
            "output asked for twice",
            "output 'y': asked for twice (expected once)",
            Tensor.request("good", X).addOutputs(y).addOutputs(y)),
        bad(
            "output as classes",
            Code.UNIMPLEMENTED,
            "output 'y': classification is not supported",
            () ->
                gateway.infer(
                    Tensor.request("good", X)
                        .addOutputs(y.clone().putParameters("classification", three)))),
        bad(
            "input in shared memory",
            Code.UNIMPLEMENTED,
            "input 'x': shared memory is not supported",
            () ->
                gateway.infer(
                    ModelInferRequest.newBuilder().setModelName("good").addInputs(shared))));
  }

  private static List<Case> malformed() {
    byte[] request = Tensor.request("good", X).build().toByteArray();
    byte[] badName = request.clone();
    badName[2] = (byte) 0xc3; // the first letter of the model's name
    return List.of(
        malformed(
            "random bytes", "malformed ModelInferRequest", hex("fffefdfcfbfaf9").toByteArray()),
        malformed(
            "request cut short",
            "malformed ModelInferRequest",
            Arrays.copyOf(request, request.length - 5)),
        malformed("field of number 0", "malformed ModelInferRequest", new byte[] {0, 1}),
        malformed("length beyond the message", "malformed", hex("0aff7f61").toByteArray()),
        malformed("length below 0", "malformed", hex("0affffffffffffffffff01").toByteArray()),
        malformed("group that does not end", "malformed", hex("a306").toByteArray()),
        malformed("name that is no UTF-8", "UTF-8", badName),
        malformed("no bytes at all: no name", Code.NOT_FOUND, "model ''", new byte[0]),
        bad(
            "no message",
            Code.INVALID_ARGUMENT,
            "ModelInfer: no message (expected one)",
            () -> stream(List.of())),
        bad(
            "two messages",
            Code.CANCELLED, // by gRPC itself, which resets the stream
            "",
            () -> stream(List.of(request, request))),
        bad(
            "three messages",
            Code.CANCELLED, // by gRPC itself, which resets the stream
            "",
            () -> stream(List.of(request, request, request))),
        bad(
            "message over the limit",
            Code.RESOURCE_EXHAUSTED,
            "gRPC message exceeds maximum size 1048576",
            () -> gateway.infer("any", Tensor.floats("x", new float[1 << 18], 1, 1, 1 << 18))));
  }

  private static Case malformed(String name, String message, byte[] bytes) {
    return malformed(name, Code.INVALID_ARGUMENT, message, bytes);
  }

  private static Case malformed(String name, Code status, String message, byte[] bytes) {
    return bad(
        name,
        status,
        message,
        () ->
            ClientCalls.blockingUnaryCall(
                gateway.channel(),
                bytesMethod(MethodType.UNARY),
                CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS),
                bytes));
  }

  private static MethodDescriptor<byte[], byte[]> bytesMethod(MethodType type) {
    return MethodDescriptor.newBuilder(BYTES, BYTES)
        .setType(type)
        .setFullMethodName(GRPCInferenceServiceGrpc.getModelInferMethod().getFullMethodName())
        .build();
  }

  /** Sends so many messages where the protocol has one. */
  private static void stream(List<byte[]> messages) throws Exception {
    CompletableFuture<byte[]> answer = new CompletableFuture<>();
    StreamObserver<byte[]> requests =
        ClientCalls.asyncClientStreamingCall(
            gateway
                .channel()
                .newCall(
                    bytesMethod(MethodType.CLIENT_STREAMING),
                    CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS)),
            new Answer<>(answer));
    messages.forEach(requests::onNext);
    requests.onCompleted();
    answer.get(30, TimeUnit.SECONDS);
  }

  private static List<Case> load() {
    return List.of(
        bad(
            "queue full, by rows",
            Code.RESOURCE_EXHAUSTED,
            "model 'busy': 4 rows wait (limit 4, max_queued_rows)",
            () -> overload("busy", 4)),
        bad(
            "queue full, by bytes",
            Code.RESOURCE_EXHAUSTED,
            "model 'heavy': 80 bytes wait (limit 100, max_queued_bytes)",
            () -> overload("heavy", 2)),
        bad("deadline passed in the queue", Code.DEADLINE_EXCEEDED, "", BadInputTest::outwait),
        bad(
            "engine failure of the engine's making",
            Code.INTERNAL,
            "the input holds 666",
            () -> gateway.infer("poisoned", Tensor.rows(1, 666))),
        bad(
            "engine failure of the data's making",
            Code.INTERNAL,
            "indices element out of data bounds",
            () ->
                gateway.infer(
                    "gather", Tensor.of("index", DataType.INT64, hex("7f00000000000000"), 1, 1))),
        bad(
            "engine that answers other rows than asked",
            Code.INTERNAL,
            "output 'y': 3 rows (expected 2)",
            () -> gateway.infer("liar", X)));
  }

  /** Fills a queue while its replica is held, and sends one request more. */
  private static void overload(String model, int queued) throws Exception {
    List<Future<ModelInferResponse>> accepted = new ArrayList<>();
    try (Gate gate = Gate.of(model).shut()) {
      accepted.add(
          gateway.futureStub().modelInfer(Tensor.request(model, Tensor.rows(1, 0)).build()));
      await().until(() -> gate.waiting() == 1);
      for (int i = 1; i <= queued; i++) {
        accepted.add(
            gateway.futureStub().modelInfer(Tensor.request(model, Tensor.rows(1, i)).build()));
      }
      await().until(() -> gateway.metrics().sum("millrace_queued_rows", "model", model) == queued);
      gateway.infer(model, Tensor.rows(1, 99));
    } finally {
      for (int i = 0; i < accepted.size(); i++) {
        assertThat(Tensor.of(accepted.get(i).get(30, TimeUnit.SECONDS)))
            .containsExactly(Tensor.rows(1, i).named("y"));
      }
    }
  }

  private static void outwait() throws Exception {
    Future<ModelInferResponse> running;
    try (Gate gate = Gate.of("busy").shut()) {
      running = gateway.futureStub().modelInfer(Tensor.request("busy", Tensor.rows(1, 0)).build());
      await().until(() -> gate.waiting() == 1);
      try {
        gateway
            .stub()
            .withDeadlineAfter(150, TimeUnit.MILLISECONDS)
            .modelInfer(Tensor.request("busy", Tensor.rows(1, 1)).build());
      } finally {
        // swept out although the only replica is held
        await().until(() -> gateway.metrics().sum("millrace_in_flight", "model", "busy") == 1);
      }
    }
    running.get(30, TimeUnit.SECONDS);
  }

  private static List<Case> others() {
    return List.of(
        bad(
            "metadata of an unknown model",
            Code.NOT_FOUND,
            "model 'nobody': not found",
            () ->
                gateway
                    .stub()
                    .modelMetadata(ModelMetadataRequest.newBuilder().setName("nobody").build())),
        bad(
            "configuration of an unknown version",
            Code.NOT_FOUND,
            "version 3 not found",
            () ->
                gateway
                    .stub()
                    .modelConfig(
                        ModelConfigRequest.newBuilder().setName("good").setVersion("3").build())),
        bad(
            "statistics of a model that is not ready",
            Code.UNAVAILABLE,
            "not ready",
            () ->
                gateway
                    .stub()
                    .modelStatistics(
                        ModelStatisticsRequest.newBuilder().setName("refusing").build())),
        bad(
            "readiness of a version in words",
            Code.INVALID_ARGUMENT,
            "model_version: 'one'",
            () ->
                gateway
                    .stub()
                    .modelReady(
                        ModelReadyRequest.newBuilder().setName("good").setVersion("one").build())),
        bad(
            "index of one repository",
            Code.UNIMPLEMENTED,
            "repository_name: 'mine'",
            () ->
                gateway
                    .stub()
                    .repositoryIndex(
                        RepositoryIndexRequest.newBuilder().setRepositoryName("mine").build())),
        bad(
            "metadata request of malformed bytes",
            Code.INVALID_ARGUMENT,
            "malformed request of ModelMetadata",
            () -> call("inference.GRPCInferenceService/ModelMetadata", "0aff7f61")),
        bad(
            "health request of malformed bytes",
            Code.INVALID_ARGUMENT,
            "malformed request of Check",
            () -> call("grpc.health.v1.Health/Check", "0aff7f61")),
        bad(
            "health of a service that does not exist",
            Code.NOT_FOUND,
            "unknown service nobody",
            () -> call("grpc.health.v1.Health/Check", "0a066e6f626f6479")),
        bad(
            "method that does not exist",
            Code.UNIMPLEMENTED,
            "inference.GRPCInferenceService/ModelDream",
            () -> call("inference.GRPCInferenceService/ModelDream", "")));
  }

  private static void call(String method, String hex) {
    ClientCalls.blockingUnaryCall(
        gateway.channel(),
        bytesMethod(MethodType.UNARY).toBuilder().setFullMethodName(method).build(),
        CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS),
        hex(hex).toByteArray());
  }

  /** Bad content of a repository: seen in RepositoryIndex, and by whoever asks for the model. */
  private static List<Case> failed() {
    return List.of(
        failed("truncated model file", "truncated", "1", ""),
        failed("text in place of a model", "text", "1", ""),
        failed("unsupported operator set", "opset", "1", "opset"),
        failed("unknown operator", "operator", "1", "Frobnicate"),
        failed("model file of 0 bytes", "empty", "1", "0 bytes"),
        failed("folder without versions", "versionless", "", "version"),
        failed("version without a model file", "fileless", "1", "model.onnx"),
        failed("config.pbtxt with another datatype", "contradicted", "1", "INT64"),
        failed("config.pbtxt with another name", "misnamed", "1", "pixels"),
        failed("config.pbtxt that ends early", "broken-pbtxt", "", "config.pbtxt"),
        failed("model.yaml with bad values", "yaml", "", "max_batch_size"),
        failed("model.yaml that is no YAML", "broken-yaml", "", "model.yaml"),
        failed(
            "engine that is not there",
            "engine",
            "1",
            "backend 'tensorflow' is not available here (expected "),
        failed("engine that refuses to load", "refusing", "1", "no such device"));
  }

  private static Case failed(String name, String model, String version, String reason) {
    return bad(
        name,
        Code.UNAVAILABLE,
        reason,
        () -> {
          List<ModelIndex> entries =
              gateway
                  .stub()
                  .repositoryIndex(RepositoryIndexRequest.getDefaultInstance())
                  .getModelsList()
                  .stream()
                  .filter(entry -> entry.getName().equals(model))
                  .toList();
          assertThat(entries).hasSize(1);
          assertThat(entries.get(0).getState()).isEqualTo("UNAVAILABLE");
          assertThat(entries.get(0).getReason()).isNotBlank().contains(reason);
          assertThat(entries.get(0).getVersion()).isIn(version, "", "1");
          assertThat(
                  gateway
                      .stub()
                      .modelReady(ModelReadyRequest.newBuilder().setName(model).build())
                      .getReady())
              .isFalse();
          gateway.infer(model, X);
        });
  }

  private record Answer<T>(CompletableFuture<T> future) implements StreamObserver<T> {
    @Override
    public void onNext(T message) {
      future.complete(message);
    }

    @Override
    public void onError(Throwable cause) {
      future.completeExceptionally(cause);
    }

    @Override
    public void onCompleted() {
      future.completeExceptionally(new AssertionError("no answer"));
    }
  }
}
