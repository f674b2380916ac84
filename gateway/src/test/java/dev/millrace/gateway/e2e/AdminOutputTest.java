// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.cli.TestShell;
import dev.millrace.gateway.config.ConfigKey;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What commands print for programs: what the admin API answers, as JSON or as YAML. */
@Timeout(90)
class AdminOutputTest {
  private final TestShell shell = new TestShell();

  @TempDir private Path folder;
  private TestGateway gateway;
  private String model;
  private String spec;

  @BeforeEach
  void start() throws Exception {
    gateway =
        TestGateway.over(folder)
            .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
            .start();
    byte[] onnx = OnnxModels.identity(DataType.FP32, "n", 4);
    model = Files.write(folder.resolve("a.onnx"), onnx).toString();
    spec = Files.writeString(folder.resolve("a.yaml"), "name: fraud\nversion: 1\n").toString();
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private TestShell.Run run(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--server", "127.0.0.1:" + gateway.gateway().grpcPort()));
    return shell.run(all.toArray(String[]::new));
  }

  private String ok(String... arguments) {
    TestShell.Run run = run(arguments);
    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    return run.out();
  }

  /** JSON is YAML. */
  private static Object tree(String text) {
    return new Load(LoadSettings.builder().build()).loadFromString(text);
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(String text) {
    return (Map<String, Object>) tree(text);
  }

  private void deploy() {
    ok("registry", "push", "fraud", model, "--alias", "champion", "--note", "Bücher ☃");
    ok("apply", "-f", spec);
    ok("wait", "fraud");
  }

  @Test
  void jsonIsWhatTheAdminApiAnswers() {
    deploy();
    Map<List<String>, String> paths =
        Map.of(
            List.of("deployments"), "/deployments",
            List.of("deployments", "fraud"), "/deployments/fraud",
            List.of("wait", "fraud"), "/deployments/fraud",
            List.of("registry", "list"), "/models",
            List.of("registry", "show", "fraud"), "/models/fraud",
            List.of("events"), "/events");

    paths.forEach(
        (command, path) -> {
          List<String> words = new ArrayList<>(command);
          words.addAll(List.of("--output", "json"));
          assertThat(ok(words.toArray(String[]::new)))
              .isEqualTo(gateway.get("/admin/v1" + path).body());
        });
  }

  @Test
  void yamlIsTheSameTree() {
    deploy();

    for (String command : new String[] {"deployments", "registry list", "registry show fraud"}) {
      String yaml = ok((command + " -o yaml").split(" "));
      assertThat(yaml).startsWith("---\n").doesNotContain("\"");
      assertThat(tree(yaml)).isEqualTo(tree(ok((command + " -o json").split(" "))));
    }
    Load documents = new Load(LoadSettings.builder().build());
    assertThat(documents.loadAllFromString(ok("events", "-o", "yaml")))
        .hasSize((int) ok("events", "-o", "json").lines().count());
  }

  @Test
  void everyChangeAnswersInJsonAsWell() {
    assertThat(map(ok("registry", "push", "fraud", model, "-o", "json")))
        .containsEntry("model", "fraud")
        .containsEntry("version", "1");
    assertThat(map(ok("registry", "alias", "fraud", "champion", "1", "-o", "JSON")))
        .containsEntry("aliases", Map.of("champion", "1"));
    assertThat(map(ok("apply", "-f", spec, "-o", "json")))
        .containsEntry("changes", List.of("new deployment 'fraud'"));
    ok("wait", "fraud");
    assertThat(map(ok("scale", "fraud", "--replicas", "2", "-o", "json")))
        .containsEntry("generation", "2");
    ok("registry", "alias", "fraud", "champion");
    assertThat(map(ok("undeploy", "fraud", "-o", "json"))).isEmpty();
    assertThat(map(ok("registry", "rm", "fraud", "1", "-o", "yaml")))
        .containsEntry("versions", List.of());
  }

  @Test
  void aDeploymentThatIsGivenUpIsPrintedToo() {
    ok("apply", "-f", spec);

    TestShell.Run waited = run("wait", "fraud", "-o", "json");

    assertThat(waited.exitCode()).isEqualTo(1);
    assertThat(waited.err()).contains("model 'fraud': not found");
    assertThat(map(waited.out())).containsEntry("generation", "1");
  }

  @Test
  void aFormatThatThereIsNotIsBadInput() {
    TestShell.Run run = run("deployments", "-o", "xml");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("'xml'", "TABLE", "JSON", "YAML");
  }
}
