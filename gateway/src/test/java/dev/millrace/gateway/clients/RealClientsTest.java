// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.millrace.backends.onnx.OnnxGraphBuilder;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.Gateway;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.config.ConfigValues;
import dev.millrace.gateway.config.GatewayConfig;
import dev.millrace.gateway.config.ModelLocation;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.ModelInferRequest;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * Clients of other projects against a gateway that serves the demo models: what they were made to
 * work with is not our reading of the protocol.
 *
 * <p>The test installs the clients itself, in {@code ~/.cache/millrace-tests}, which takes minutes
 * the first time, and prints a line for each that says what it did, or why it could not be had.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RealClientsTest {
  private static final Duration CLIENT_TIMEOUT = Duration.ofMinutes(3);

  // the clients honour proxies even for this machine
  private static final Map<String, String> CLIENT_ENVIRONMENT =
      Map.of("NO_PROXY", "127.0.0.1", "no_proxy", "127.0.0.1", "PYTHONDONTWRITEBYTECODE", "1");

  private static final String INFER = "inference.GRPCInferenceService/ModelInfer";

  private final Path root = repositoryRoot();
  private final Path demo = root.resolve("deploy/demo");
  private final Path protos = root.resolve("proto/src/main/protobuf");
  private final Path scripts = root.resolve("gateway/src/test/clients");
  private final ProvisionCache cache = ProvisionCache.ofThisUser();

  // each is run once for all tests, and a failure kept
  private final FutureTask<Provision> python =
      new FutureTask<>(() -> PythonEnvironment.provide(scripts.resolve("requirements.txt"), cache));
  private final FutureTask<Provision> grpcurl = go(GoProgram.GRPCURL);
  private final FutureTask<Provision> ghz =
      go(new GoProgram("github.com/bojand/ghz/cmd/ghz", "v0.121.0"));
  private final FutureTask<Provision> healthProbe =
      go(new GoProgram("github.com/grpc-ecosystem/grpc-health-probe", "v0.4.61"));

  private Gateway gateway;
  private String address;

  @BeforeAll
  void installsTheClients() {
    // pip waits for the network where go waits for the compiler; two go at once would compile gRPC
    // twice
    Thread.startVirtualThread(python);
    grpcurl.run();
    ghz.run();
    healthProbe.run();
  }

  @BeforeAll
  void startsTheGateway(@TempDir Path folder) throws Exception {
    Path slow = Files.createDirectory(folder.resolve("slow"));
    Files.write(slow.resolve("slow.onnx"), slowModel());
    gateway =
        Gateway.start(
            GatewayConfig.from(
                ConfigValues.defaults()
                    .with(
                        ConfigKey.REPOSITORIES, ModelLocation.folders(demo.resolve("models"), slow))
                    .with(ConfigKey.STAGING_DIRECTORY, folder.resolve("staging"))
                    .with(ConfigKey.HOST, "127.0.0.1")
                    .with(ConfigKey.GRPC_PORT, 0)
                    .with(ConfigKey.HTTP_PORT, -1)));
    address = "127.0.0.1:" + gateway.grpcPort();
  }

  @AfterAll
  void stopsTheGateway() {
    if (gateway != null) {
      gateway.close();
    }
  }

  @Test
  void tritonclientReadsWhatIsServed() throws Exception {
    runChecks("tritonclient", "tritonclient_checks.py", "health", "descriptions", "statistics");
  }

  @Test
  void tritonclientGetsThePredictionsOfTheTrainingScripts() throws Exception {
    runChecks(
        "tritonclient",
        "tritonclient_checks.py",
        "predictions_of_whole_sets",
        "predictions_row_by_row",
        "requested_outputs",
        "async_infer");
  }

  @Test
  void tritonclientMayCompress() throws Exception {
    runChecks("tritonclient", "tritonclient_checks.py", "gzip", "deflate");
  }

  @Test
  void tritonclientRaisesTheStatusOfWhatIsWrong() throws Exception {
    runChecks("tritonclient", "tritonclient_checks.py", "errors");
  }

  @Test
  void whatTritonclientGivesUpIsNotRun() throws Exception {
    runChecks("tritonclient", "tritonclient_checks.py", "client_timeout", "cancellation");
  }

  @Test
  void tritonclientOfAsyncioGetsTheSame() throws Exception {
    runChecks(
        "tritonclient.aio",
        "tritonclient_aio_checks.py",
        "descriptions",
        "predictions",
        "compression",
        "errors");
  }

  @Test
  void whatTritonclientOfAsyncioGivesUpIsNotRun() throws Exception {
    runChecks("tritonclient.aio", "tritonclient_aio_checks.py", "deadlines_and_cancellation");
  }

  @Test
  void theKserveSdkGetsThePredictionsOfTheTrainingScripts() throws Exception {
    runChecks(
        "kserve",
        "kserve_checks.py",
        "health",
        "predictions_of_raw_inputs",
        "predictions_of_typed_inputs",
        "errors");
  }

  @Test
  void stubsGeneratedFromOurProtoGetThePredictionsOfTheTrainingScripts() throws Exception {
    runChecks("generated stubs", "stubs_checks.py", "typed_and_raw_inputs");
  }

  @Test
  void ourProtoSaysWhatTritonclientWasCompiledFrom() throws Exception {
    Program interpreter = client("descriptors", python);
    String script = scripts.resolve("descriptors_check.py").toString();
    ran("descriptors", interpreter.run(script));
  }

  @Test
  void grpcurlFindsTheServicesByReflection() throws Exception {
    Program program = client("grpcurl", grpcurl);

    String services = program.run("-plaintext", address, "list");
    String description =
        program.run("-plaintext", address, "describe", "inference.GRPCInferenceService");

    assertThat(services.lines())
        .contains(
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
            "inference.GRPCInferenceService");
    assertThat(GRPCInferenceServiceGrpc.getServiceDescriptor().getMethods())
        .hasSize(20)
        .extracting(MethodDescriptor::getBareMethodName)
        .allSatisfy(rpc -> assertThat(description).contains("rpc " + rpc + " ("));
    ran("grpcurl", "list of %d services, describe of 20 rpcs".formatted(services.lines().count()));
  }

  @Test
  void grpcurlAsksByReflectionInJson() throws Exception {
    Program program = client("grpcurl", grpcurl);
    DemoRows iris = DemoRows.read(demo, "iris");

    Map<String, Object> server =
        json(program.run("-plaintext", address, "inference.GRPCInferenceService/ServerMetadata"));
    Map<String, Object> answer =
        json(program.run("-plaintext", "-d", iris.typedRequest(0), address, INFER));

    assertThat(server).containsKeys("name", "version", "extensions");
    assertThat(answer).containsEntry("model_name", "iris").containsEntry("model_version", "1");
    assertThat(labels(answer)).containsExactly(iris.predictions().get(0).longValue());
    ran("grpcurl", "ServerMetadata, and ModelInfer of iris: class " + labels(answer));
  }

  @Test
  void ghzLoadsTheGatewayWithJson() throws Exception {
    String request = DemoRows.read(demo, "iris").typedRequest(0);

    String summary =
        runGhz("--proto=" + protos.resolve("inference.proto"), "-i" + protos, "-d" + request);

    ran("ghz", "JSON data, proto file, " + summary);
  }

  @Test
  void ghzLoadsTheGatewayByReflectionWithBinaryMessages(@TempDir Path folder) throws Exception {
    Path requests = folder.resolve("requests.bin");
    DemoRows iris = DemoRows.read(demo, "iris");
    try (OutputStream file = Files.newOutputStream(requests)) {
      for (int row = 0; row < iris.rows().size(); row++) {
        iris.rawRequest(row).writeDelimitedTo(file);
      }
    }

    ran("ghz", "binary file, reflection, " + runGhz("--binary-file=" + requests));
  }

  @Test
  void grpcHealthProbeSeesTheGatewayServing() throws Exception {
    Program program = client("grpc-health-probe", healthProbe);

    // the probe writes on standard error; its exit code is the answer
    program.run("-addr=" + address);

    ran("grpc-health-probe", "SERVING");
  }

  /** Sends a few hundred requests and returns a line about them. */
  private String runGhz(String... options) throws Exception {
    List<String> arguments = new ArrayList<>(List.of(options));
    arguments.addAll(List.of("--insecure", "--call=" + INFER, "-n400", "-c8", "-Ojson", address));

    Map<String, Object> summary = json(client("ghz", ghz).run(arguments));

    assertThat(summary)
        .containsEntry("count", 400)
        .containsEntry("statusCodeDistribution", Map.of("OK", 400));
    assertThat((Map<?, ?>) summary.get("errorDistribution")).isEmpty();
    return "400 requests, 0 errors";
  }

  private void runChecks(String client, String script, String... checks) throws Exception {
    Program interpreter = client(client, python);
    List<String> arguments = new ArrayList<>(List.of(checks));
    arguments.addAll(0, List.of(scripts.resolve(script).toString(), address));
    interpreter.run(arguments).lines().forEach(report -> ran(client, report));
  }

  /** The program; where it cannot be had, the test ends here as skipped. */
  private static Program client(String name, FutureTask<Provision> provision) throws Exception {
    return switch (provision.get()) {
      case Provision.Installed installed ->
          new Program(installed.program().toString(), CLIENT_TIMEOUT, CLIENT_ENVIRONMENT);
      case Provision.Impossible impossible -> throw Skip.because(name, impossible.reason());
    };
  }

  private static void ran(String client, String report) {
    System.out.println("real clients: %s RUN, %s".formatted(client, report.strip()));
  }

  private FutureTask<Provision> go(GoProgram program) {
    Callable<Provision> install = () -> program.provide(cache);
    return new FutureTask<>(install);
  }

  /** The model's class of each row, of an answer in JSON. */
  private static List<Long> labels(Map<String, Object> answer) {
    List<?> names =
        ((List<?>) answer.get("outputs")).stream().map(o -> ((Map<?, ?>) o).get("name")).toList();
    String raw = (String) ((List<?>) answer.get("raw_output_contents")).get(names.indexOf("label"));
    ByteBuffer bytes =
        ByteBuffer.wrap(Base64.getDecoder().decode(raw)).order(ByteOrder.LITTLE_ENDIAN);
    List<Long> labels = new ArrayList<>();
    while (bytes.hasRemaining()) {
      labels.add(bytes.getLong());
    }
    return labels;
  }

  /**
   * 33 million multiplications and as many additions for 16 values of a row: a request of 2000 rows
   * takes a second or more, and is small.
   */
  private static byte[] slowModel() {
    int width = 512;
    int layers = 128;
    OnnxGraphBuilder graph =
        OnnxGraphBuilder.named("slow")
            .input("x", DataType.FP32, "n", 16)
            .output("y", DataType.FP32, "n", 16)
            .initializer("first", new float[16 * width], 16, width)
            .initializer("middle", new float[width * width], width, width)
            .initializer("last", new float[width * 16], width, 16)
            .node("MatMul", List.of("x", "first"), List.of("h0"));
    for (int i = 0; i < layers; i++) {
      graph.node("MatMul", List.of("h" + i, "middle"), List.of("h" + (i + 1)));
    }
    return graph.node("MatMul", List.of("h" + layers, "last"), List.of("y")).build();
  }

  /** JSON is YAML. */
  @SuppressWarnings("unchecked")
  private static Map<String, Object> json(String text) {
    return (Map<String, Object>) new Load(LoadSettings.builder().build()).loadFromString(text);
  }

  private static Path repositoryRoot() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(folder.resolve("deploy/demo"))) {
      folder = folder.getParent();
    }
    return folder;
  }

  /** Held-back rows of a demo model with one input of FP32 values in one dimension. */
  private record DemoRows(
      String model, String input, List<List<Number>> rows, List<Number> predictions) {

    @SuppressWarnings("unchecked")
    static DemoRows read(Path demo, String model) throws IOException {
      Map<String, Object> content =
          json(Files.readString(demo.resolve("holdout").resolve(model + ".json")));
      return new DemoRows(
          model,
          (String) ((Map<?, ?>) content.get("input")).get("name"),
          (List<List<Number>>) content.get("rows"),
          (List<Number>) content.get("predictions"));
    }

    /** In JSON, with typed contents. */
    String typedRequest(int row) {
      return """
      {"model_name":"%s","inputs":[{"name":"%s","datatype":"FP32","shape":[1,%d],\
      "contents":{"fp32_contents":%s}}]}"""
          .formatted(model, input, rows.get(row).size(), rows.get(row));
    }

    ModelInferRequest rawRequest(int row) {
      List<Number> values = rows.get(row);
      ByteBuffer raw = ByteBuffer.allocate(4 * values.size()).order(ByteOrder.LITTLE_ENDIAN);
      values.forEach(value -> raw.putFloat(value.floatValue()));
      return ModelInferRequest.newBuilder()
          .setModelName(model)
          .addInputs(
              ModelInferRequest.InferInputTensor.newBuilder()
                  .setName(input)
                  .setDatatype("FP32")
                  .addShape(1)
                  .addShape(values.size()))
          .addRawInputContents(ByteString.copyFrom(raw.flip()))
          .build();
    }
  }
}
