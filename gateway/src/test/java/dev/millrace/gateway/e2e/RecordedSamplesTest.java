// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.onnx.OnnxGraphBuilder;
import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.cli.TestShell;
import dev.millrace.gateway.config.ConfigKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Models that look numbers up in a table: zeros they all know, and 7 only if the table is long. */
@Timeout(90)
class RecordedSamplesTest {
  private static final String SEVEN =
      "{\"inputs\":[{\"name\":\"x\",\"shape\":[1],\"datatype\":\"INT64\",\"data\":[7]}]}\n";

  private final TestShell shell = new TestShell();

  @TempDir private Path folder;
  private TestGateway gateway;

  private TestGateway.Builder models() {
    return TestGateway.over(folder)
        .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")));
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private static byte[] table(int entries) {
    return OnnxGraphBuilder.named("table")
        .input("x", DataType.INT64, "n")
        .output("y", DataType.FP32, "n", 2)
        .initializer("entries", OnnxModels.randomFloats(1, 2 * entries), entries, 2)
        .node("Gather", List.of("entries", "x"), List.of("y"))
        .build();
  }

  private Path file(String name, byte[] content) throws IOException {
    return Files.write(folder.resolve(name), content);
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

  private String status() {
    return gateway.get("/admin/v1/deployments/table").body().replaceAll("\\s+", " ");
  }

  @Test
  void aVersionThatFailsOnARecordedSampleEndsItsRolloutAndTheOneBeforeServesOn() throws Exception {
    gateway = models().start();
    String first = file("first.onnx", table(10)).toString();
    String second = file("second.onnx", table(3)).toString();
    Path sample = folder.resolve("samples/seven.json");
    ok("registry", "push", "table", first, "--alias", "champion");
    gateway.deploy("table", "{\"version\": \"@champion\"}");
    ok("wait", "table", "--timeout", "30");

    ok("infer", "table", "[7]", "--save-sample", sample.toString());
    assertThat(sample).hasContent(SEVEN);
    ok("registry", "push", "table", second, "--warmup", sample.toString());
    ok("registry", "alias", "table", "champion", "2");

    await().atMost(TestGateway.PATIENCE).until(() -> status().contains("\"phase\": \"FAILED\""));
    assertThat(status())
        .contains("the model fails on warmup/seven.json", "indices element out of data bounds");
    assertThat(ok("infer", "table", "[7]")).contains("version 1");
    assertThat(ok("registry", "show", "table")).contains("warmup/seven.json");

    ok("registry", "push", "table", first, "--warmup", sample.toString());
    ok("registry", "alias", "table", "champion", "3");
    ok("wait", "table", "--timeout", "30");
    assertThat(ok("infer", "table", "[7]")).contains("version 3");
  }

  @Test
  void aSampleThatDoesNotFitIsNotTakenIn() throws Exception {
    gateway = models().start();
    String model = file("model.onnx", table(10)).toString();
    Path sample = Files.writeString(folder.resolve("s.json"), SEVEN.replace("INT64", "INT32"));

    assertThat(run("registry", "push", "table", model, "--warmup", sample.toString()).err())
        .contains("warmup/s.json: input 'x': datatype INT32 (expected INT64)");
    assertThat(run("registry", "push", "table", model, "--warmup", model).err())
        .contains("(expected a file *.json)");
    assertThat(ok("registry", "list")).doesNotContain("table");
  }

  @Test
  void samplesLieInTheModelsFolderAsForTriton() {
    gateway =
        models()
            .polling()
            .model("table", table(3))
            .file("table/warmup/seven.bin", new byte[] {7, 0, 0, 0, 0, 0, 0, 0})
            .file(
                "table/config.pbtxt",
                """
                model_warmup { name: "seven" batch_size: 2 inputs {
                  key: "x" value { data_type: TYPE_INT64 dims: 1 input_data_file: "seven.bin" } } }
                """)
            .start();

    assertThat(gateway.index("table", "1").orElseThrow().getReason())
        .startsWith("the model fails on model_warmup 'seven'");

    // the model was right, and the sample wrong
    TestGateway.write(
        gateway.repository().resolve("table/warmup/seven.bin"),
        new byte[] {2, 0, 0, 0, 0, 0, 0, 0});
    await()
        .atMost(TestGateway.PATIENCE)
        .until(() -> gateway.index("table", "1").orElseThrow().getState().equals("READY"));
  }
}
