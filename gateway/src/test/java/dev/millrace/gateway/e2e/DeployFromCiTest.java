// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.clients.Skip;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.gateway.guides.Guide;
import dev.millrace.gateway.guides.Script;
import dev.millrace.gateway.guides.Workflow;
import dev.millrace.gateway.samples.Deploy;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The files of the guide to deploying from CI, run against a gateway that wants a token. */
@Timeout(90)
class DeployFromCiTest {
  private static final Path SCRIPT = Path.of("deploy/ci/deploy.sh");
  private static final Path WORKFLOW = Path.of("deploy/ci/github-actions.yml");
  private static final byte[] SAME = OnnxModels.identity(DataType.FP32, "n", 4);
  private static final byte[] NEGATED = OnnxModels.unary("Neg", DataType.FP32, "n", 4);
  private static final byte[] WIDER = OnnxModels.identity(DataType.FP32, "n", 8);
  private static final String TOKEN = "s3cret";

  @TempDir private Path folder;
  private TestGateway gateway;
  private Path checkedOut;

  @BeforeAll
  static void curlIsThere() {
    if (!Script.isThere("curl")) {
      throw Skip.because("curl", "no curl on the PATH");
    }
  }

  @BeforeEach
  void start() throws Exception {
    Path token = Files.writeString(folder.resolve("token"), TOKEN);
    gateway =
        TestGateway.over(folder)
            .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
            .set(ConfigKey.ADMIN_TOKEN_FILE, Optional.of(token))
            .start();
    checkedOut = folder.resolve("checked out");
    TestGateway.write(
        checkedOut.resolve(SCRIPT), Files.readAllBytes(Guide.repositoryRoot().resolve(SCRIPT)));
    deployment("{\"replicas\": 2}");
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private void model(byte[] onnx) {
    TestGateway.write(checkedOut.resolve("models/fraud/model.onnx"), onnx);
  }

  private void deployment(String json) throws Exception {
    Files.createDirectories(checkedOut.resolve("models/fraud"));
    Files.writeString(checkedOut.resolve("models/fraud/deployment.json"), json);
  }

  private String url() {
    return "http://127.0.0.1:" + gateway.gateway().httpPort();
  }

  private Script.Result deploy(Map<String, String> environment) throws Exception {
    return new Script(checkedOut, environment)
        .run(
            "sh",
            SCRIPT.toString(),
            "fraud",
            "models/fraud/model.onnx",
            "models/fraud/deployment.json");
  }

  private Script.Result deploy() throws Exception {
    return deploy(Map.of("MILLRACE_URL", url(), "MILLRACE_ADMIN_TOKEN", TOKEN));
  }

  private String answering() {
    return gateway.infer(Tensor.request("fraud", Tensor.rows(1, 1))).getModelVersion();
  }

  // --- the script

  @Test
  void theScriptDeploysAndUpdates() throws Exception {
    model(SAME);
    Script.Result first = deploy();
    assertThat(first.exitCode()).as(first.said()).isZero();
    assertThat(first.out())
        .contains("fraud: pushed version 1, SHA-256 of the file ", "version-pushed", "rollout-done")
        .endsWith("fraud: version 1 serves\n");
    assertThat(answering()).isEqualTo("1");

    model(NEGATED);
    Script.Result second = deploy();
    assertThat(second.exitCode()).as(second.said()).isZero();
    assertThat(second.out().lines().filter(line -> line.contains("version-pushed"))).hasSize(1);
    assertThat(second.err()).isEmpty();
    assertThat(answering()).isEqualTo("2");
    assertThat(gateway.get("/admin/v1/deployments/fraud").body()).contains("\"replicas\": 2");
  }

  @Test
  void theScriptFailsWithTheReasonWhereTheModelIsRefused() throws Exception {
    model(SAME);
    deploy();
    model("garbage".getBytes(StandardCharsets.UTF_8));

    Script.Result refused = deploy();

    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.err()).contains("INVALID_ARGUMENT", "model.onnx");
    assertThat(answering()).isEqualTo("1");
  }

  @Test
  void theScriptFailsWithTheReasonWhereTheVersionDoesNotFit() throws Exception {
    model(SAME);
    deploy();
    model(WIDER);

    Script.Result failed = deploy();

    assertThat(failed.exitCode()).isEqualTo(1);
    assertThat(failed.err()).contains("fraud: version 2 was given up: ", "FP32[-1,8]");
    assertThat(failed.out()).contains("rollout-failed").doesNotContain("serves\n");
    assertThat(answering()).isEqualTo("1");
  }

  @Test
  void theScriptFailsWithTheReasonWhereAGateTakesTheVersionBack() throws Exception {
    model(SAME);
    deploy();
    model(NEGATED);
    deployment(
        "{\"update\": {\"steps\": [50], \"bake\": \"60s\", \"gates\": {\"maxP99\": \"0.000000001s\"}}}");
    AtomicBoolean stop = new AtomicBoolean();
    CompletableFuture<Void> traffic =
        CompletableFuture.runAsync(
            () -> {
              while (!stop.get()) {
                answering();
              }
            });

    Script.Result failed = deploy();
    stop.set(true);
    traffic.get(30, TimeUnit.SECONDS);

    assertThat(failed.exitCode()).as(failed.said()).isEqualTo(1);
    assertThat(failed.err()).contains("fraud: version 2 was given up: ", "p99");
    assertThat(failed.out()).contains("rollout-step", "rolled-back");
    assertThat(answering()).isEqualTo("1");
  }

  @Test
  void theScriptSaysWhenTheTimeIsOver() throws Exception {
    model(SAME);
    deploy();
    model(NEGATED);
    deployment("{\"update\": {\"steps\": [50], \"bake\": \"600s\"}}");

    Script.Result late =
        deploy(
            Map.of("MILLRACE_URL", url(), "MILLRACE_ADMIN_TOKEN", TOKEN, "MILLRACE_TIMEOUT", "2"));

    assertThat(late.exitCode()).isEqualTo(3);
    assertThat(late.err()).isEqualTo("fraud: version 2 does not serve yet after 2 s\n");
  }

  @Test
  void theScriptSaysWhatIsMissingAndPrintsNoToken() throws Exception {
    model(SAME);

    assertThat(deploy(Map.of()).err()).contains("MILLRACE_URL", "HTTP port");
    assertThat(deploy(Map.of("MILLRACE_URL", url())).err()).contains("changes need a token");
    Script bare = new Script(checkedOut, Map.of("MILLRACE_URL", url() + "/"));
    assertThat(bare.run("sh", SCRIPT.toString(), "x").exitCode()).isEqualTo(2);
    assertThat(bare.run("sh", SCRIPT.toString(), "x", "gone.onnx", "y").err())
        .isEqualTo("gone.onnx: cannot be read\n");
    Script.Result wrong = deploy(Map.of("MILLRACE_URL", url(), "MILLRACE_ADMIN_TOKEN", "0ther"));
    assertThat(wrong.exitCode()).isEqualTo(1);
    assertThat(wrong.said()).contains("the token is another one").doesNotContain("0ther");
    assertThat(deploy(Map.of("MILLRACE_URL", "http://127.0.0.1:1")).exitCode()).isEqualTo(1);
  }

  @Test
  void theJavaProgramDeploysAndFailsForABadVersion() throws Exception {
    DeploymentSpec spec = DeploymentSpec.newBuilder().setName("fraud").build();
    String address = "127.0.0.1:" + gateway.gateway().grpcPort();
    Path onnx = checkedOut.resolve("models/fraud/model.onnx");
    model(SAME);
    assertThat(Deploy.deploy(address, TOKEN, spec, onnx)).isZero();

    model(WIDER);
    assertThat(Deploy.deploy(address, TOKEN, spec, onnx)).isEqualTo(1);
    assertThat(answering()).isEqualTo("1");
  }

  // --- the workflow

  private Script.Result runWorkflow() throws Exception {
    Files.deleteIfExists(checkedOut.resolve("summary"));
    return new Workflow(
            Guide.repositoryRoot().resolve(WORKFLOW),
            Map.of(
                "vars.MILLRACE_URL",
                url(),
                "secrets.MILLRACE_ADMIN_TOKEN",
                TOKEN,
                "github.actor",
                "anna",
                "github.sha",
                "4711abc"))
        .run(checkedOut);
  }

  @Test
  void theWorkflowDeploysAndFailsForABadVersion() throws Exception {
    deployment(Guide.read("deploy-from-ci.md").blocks("json").getFirst());
    model(SAME);
    Script.Result good = runWorkflow();
    assertThat(good.exitCode()).as(good.said()).isZero();
    assertThat(good.out()).contains("fraud: version 1 serves", "\"observedGeneration\": \"1\"");
    assertThat(gateway.get("/admin/v1/models/fraud").body())
        .contains("\"commit\": \"4711abc\"", "\"pushedBy\": \"anna at 127.0.0.1\"");

    model(WIDER);
    Script.Result bad = runWorkflow();
    assertThat(bad.exitCode()).isEqualTo(1);
    assertThat(bad.err()).contains("version 2 was given up");
    assertThat(bad.out()).contains("```json", "\"phase\": \"FAILED\"");
    assertThat(answering()).isEqualTo("1");
  }

  @Test
  void theGuideShowsTheFilesAsTheyAre() throws Exception {
    Guide guide = Guide.read("deploy-from-ci.md");

    guide.requireShows(SCRIPT);
    guide.requireShows(WORKFLOW);
    guide.requireShows(Deploy.class);
  }
}
