// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.cli.TestShell;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.proto.admin.v1.Condition;
import dev.millrace.proto.admin.v1.DeploymentServiceGrpc;
import dev.millrace.proto.admin.v1.GetDeploymentRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The commands of the guide to deployments, as a user types them. */
@Timeout(90)
class AdminCommandsTest {
  private final TestShell shell = new TestShell();

  @TempDir private Path folder;
  private TestGateway gateway;

  @BeforeEach
  void start() {
    gateway =
        TestGateway.over(folder)
            .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
            .set(ConfigKey.REGISTRY_POLL_INTERVAL, Duration.ofMillis(100))
            .start();
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private TestShell.Run run(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--server");
    all.add("127.0.0.1:" + gateway.gateway().grpcPort());
    return shell.run(all.toArray(String[]::new));
  }

  private String ok(String... arguments) {
    TestShell.Run run = run(arguments);
    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    return run.out();
  }

  private String file(String name, String content) throws Exception {
    return Files.writeString(folder.resolve(name), content).toString();
  }

  @Test
  void fromAFileToAnAnswerAndOn() throws Exception {
    Path same = Files.write(folder.resolve("a.onnx"), OnnxModels.identity(DataType.FP32, "n", 4));
    Path other =
        Files.write(folder.resolve("b.onnx"), OnnxModels.unary("Neg", DataType.FP32, "n", 4));
    String spec = file("fraud.yaml", "name: fraud\nversion: '@champion'\nreplicas: 2\n");

    assertThat(
            ok(
                "registry",
                "push",
                "fraud",
                same.toString(),
                "--alias",
                "champion",
                "--note",
                "one"))
        .startsWith("fraud version 1, SHA-256 ");
    assertThat(ok("apply", "-f", spec, "--dry-run")).contains("would change");
    assertThat(ok("apply", "-f", spec)).contains("fraud: applied, generation 1");
    assertThat(ok("wait", "fraud", "--ready", "--timeout", "30"))
        .isEqualTo("fraud: ready, 1: 100 %, 2 replicas\n");
    assertThat(ok("apply", "-f", spec)).contains("fraud: unchanged, generation 1");
    assertThat(ok("scale", "fraud", "--replicas", "3")).isEqualTo("fraud: 1: 100 %, 3 replicas\n");
    assertThat(ok("scale", "fraud", "--min", "2", "--max", "4"))
        .isEqualTo("fraud: 1: 100 %, 3 (2..4) replicas\n");
    assertThat(ok("scale", "fraud", "--replicas", "1"))
        .isEqualTo("fraud: 1: 100 %, 1 replica\nautoscaling (2..4) has ended\n");
    String following =
        file("b.yaml", "name: fraud\nversion: '@champion'\nautoscale: {max: 3, downAfter: 300s}\n");
    assertThat(ok("apply", "-f", following))
        .contains(
            "replicas: 1 → none",
            "autoscale.min: none → 1",
            "autoscale.max: none → 3",
            "autoscale.down_after: 60s → 300s");
    assertThat(ok("deployments")).contains("1: 100 %, 1 (1..3) replicas");
    assertThat(run("scale", "fraud", "--replicas", "1", "--max", "4").exitCode()).isEqualTo(2);
    assertThat(run("scale", "fraud", "--max", "65").err()).contains("max: 65 (expected 1 to 64)");
    ok("registry", "push", "fraud", other.toString());
    assertThat(ok("registry", "list")).contains("fraud  1, 2      @champion 1");
    assertThat(ok("registry", "show", "fraud")).contains("note: one", "inputs: x FP32[-1,4]");
    assertThat(ok("deployments")).contains("@champion", "yes");
    assertThat(ok("deployments", "fraud", "-o", "json")).contains("\"generation\": \"5\"");
    assertThat(ok("events", "fraud")).contains("version-pushed", "alias-set", "rollout-done");
    assertThat(ok("registry", "rm", "fraud", "2")).isEqualTo("fraud version 2 is gone\n");
    assertThat(ok("undeploy", "fraud")).contains("not deployed any more");
    assertThat(ok("registry", "alias", "fraud", "champion")).isEqualTo("no aliases\n");
  }

  @Test
  void aRegistryThatCannotBeReadLeavesWhatIsReadyReady() throws Exception {
    Path model = Files.write(folder.resolve("a.onnx"), OnnxModels.identity(DataType.FP32, "n", 4));
    String spec = file("fraud.yaml", "name: fraud\nversion: '@champion'\n");
    ok("registry", "push", "fraud", model.toString(), "--alias", "champion");
    ok("apply", "-f", spec);
    ok("wait", "fraud", "--timeout", "30");
    assertThat(conditions()).isEqualTo("Ready Serving Current");

    Path aliases = folder.resolve("data/registry/fraud/.aliases.yaml");
    Path aside = Files.move(aliases, folder.resolve("aside"));
    Files.createDirectory(aliases);
    awaitConditions("Ready Serving");
    assertThat(ok("deployments")).containsPattern("yes \\(.* cannot be read: ");
    ok("scale", "fraud", "--replicas", "2");
    awaitConditions("Ready Serving");

    // what was not known before is not known now
    ok("apply", "-f", file("b.yaml", "name: fraud\nversion: '@challenger'\n"));
    awaitConditions("Failed Serving");
    assertThat(run("wait", "fraud", "--timeout", "30").err()).contains("cannot be read");
    ok("apply", "-f", spec);
    gateway.close();
    start();
    awaitConditions("Failed Serving");

    Files.delete(aliases);
    Files.move(aside, aliases);
    awaitConditions("Ready Serving Current");

    // the registry is read, and says that there is no such alias
    ok("registry", "alias", "fraud", "second", "1");
    Files.delete(aliases);
    awaitConditions("Failed Serving");
  }

  /** Those that hold. */
  private String conditions() {
    return DeploymentServiceGrpc.newBlockingStub(gateway.channel())
        .getDeployment(GetDeploymentRequest.newBuilder().setName("fraud").build())
        .getStatus()
        .getConditionsList()
        .stream()
        .filter(Condition::getStatus)
        .map(Condition::getType)
        .collect(Collectors.joining(" "));
  }

  private void awaitConditions(String expected) {
    await()
        .atMost(TestGateway.PATIENCE)
        .untilAsserted(() -> assertThat(conditions()).isEqualTo(expected));
  }

  @Test
  void whatIsWrongIsSaidInOneLine() throws Exception {
    assertThat(run("registry", "push", "fraud", file("x.onnx", "garbage")).err())
        .startsWith("INVALID_ARGUMENT: model.onnx: ");
    assertThat(run("registry", "push", "fraud", "/nowhere/x.onnx").exitCode()).isEqualTo(2);
    assertThat(run("apply", "-f", file("a.yaml", "name: x\ncolour: 3\n")).err()).contains("colour");
    assertThat(run("apply", "-f", file("b.yaml", "- x\n")).err()).contains("no mapping");
    assertThat(run("apply", "-f", file("c.yaml", "")).err()).contains("nothing is declared");
    assertThat(run("wait", "nobody", "--timeout", "1").err()).startsWith("NOT_FOUND: deployment");
    assertThat(run("promote", "nobody").exitCode()).isEqualTo(1);
    assertThat(run("rollback", "nobody").exitCode()).isEqualTo(1);
  }

  @Test
  void waitEndsWithTheReasonWhereADeploymentCannotBe() throws Exception {
    String spec = file("fraud.yaml", "name: fraud\nversion: 7\n");
    ok("apply", "-f", spec);

    TestShell.Run waited = run("wait", "fraud", "--timeout", "30");
    assertThat(waited.exitCode()).isEqualTo(1);
    assertThat(waited.err()).contains("model 'fraud': not found");
  }
}
