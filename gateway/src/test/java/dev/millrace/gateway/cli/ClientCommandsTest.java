// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ClientCommandsTest {
  private ToyServer server;

  @BeforeAll
  void start() throws IOException {
    server = new ToyServer();
  }

  @AfterAll
  void stop() {
    server.close();
  }

  @Test
  void inferPrintsTheAnswerForPeople() {
    TestShell.Run run = run("infer", "toy", "[[1, 2], [4, 3]]");

    assertThat(run.err()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(run.out())
        .isEqualTo(
            """
            toy version 2
              label  INT64 [2]
                1
                0
              scores  FP32 [2,2]
                [0.25,0.75]
                [0.75,0.25]
            """);
  }

  @Test
  void inferPrintsTheRestFormAsJson() {
    TestShell.Run run = run("infer", "toy", "--json", "--output", "label", "--data", "[1, 2]");

    assertThat(run.out())
        .isEqualTo(
            "{\"model_name\":\"toy\",\"model_version\":\"2\",\"outputs\":[{\"name\":\"label\","
                + "\"datatype\":\"INT64\",\"shape\":[1],\"data\":[1]}]}\n");
  }

  @Test
  void inferReadsAFileOrStandardInput(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("data.json"), "{\"x\": [1, 2]}");
    String expected = run("infer", "toy", "[1, 2]").out();

    assertThat(run("infer", "toy", "--file", file.toString()).out()).isEqualTo(expected);
    TestShell piped = new TestShell(Map.of(), "[1, 2]");
    assertThat(piped.run("infer", "toy", "-", "--server", server.address()).out())
        .isEqualTo(expected);
    assertThat(piped.run("infer", "toy", "--file", "-", "--server", server.address()).out())
        .isEqualTo(expected);
  }

  @Test
  void inferCutsLongAnswersForPeopleOnly() {
    String rows = "[1,2]" + ",[1,2]".repeat(24);

    assertThat(run("infer", "toy", "[" + rows + "]", "--output", "label").out())
        .endsWith("    … 5 rows more (--json shows all)\n");
  }

  @Test
  void badDataEndsWithTwo() {
    assertThat(run("infer", "toy", "[[1, 2, 3]]"))
        .isEqualTo(new TestShell.Run(2, "", "input 'x': shape [1,3] (expected [-1,2])\n"));
    assertThat(run("infer", "toy", "{").exitCode()).isEqualTo(2);
    assertThat(run("infer", "toy"))
        .isEqualTo(
            new TestShell.Run(2, "", "no data (expected DATA, --data JSON or --file FILE)\n"));
    assertThat(run("infer", "toy", "[1, 2]", "--data", "[1, 2]").err())
        .startsWith("data from 2 places");
    assertThat(run("infer", "toy", "--file", "/nowhere/x.json").err())
        .isEqualTo("/nowhere/x.json: no such file\n");
  }

  @Test
  void theServersErrorIsOneLineAndEndsWithOne() {
    assertThat(run("infer", "nosuch", "[1]"))
        .isEqualTo(new TestShell.Run(1, "", "NOT_FOUND: model 'nosuch'\n"));
  }

  @Test
  void anUnreachableServerIsOneLineToo() {
    TestShell.Run run = new TestShell().run("models", "--server", "127.0.0.1:1");

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).startsWith("UNAVAILABLE: Connection refused").hasLineCount(1);
  }

  @Test
  void debugAddsTheStackTrace() {
    assertThat(run("infer", "nosuch", "[1]", "--debug").err())
        .contains("\tat ")
        .endsWith("NOT_FOUND: model 'nosuch'\n");
  }

  @Test
  void modelsListsAVersionALineInTheOrderOfNumbers() {
    TestShell.Run run = run("models");

    assertThat(run.err()).isEmpty();
    assertThat(run.out())
        .isEqualTo(
            """
            MODEL  VERSION  STATE   BATCHING  INPUTS → OUTPUTS                                   REASON
            toy    2        READY   up to 64  x FP32[-1,2] → label INT64[-1], scores FP32[-1,2]
            toy    10       FAILED  -         -                                                  model.onnx: not a model
            """);
  }

  @Test
  void aServerWithoutAPortIsAtTheUsualOne() {
    assertThat(ServerOptions.target("example.org")).isEqualTo("example.org:8001");
    assertThat(ServerOptions.target("example.org:1")).isEqualTo("example.org:1");
    assertThat(ServerOptions.target("[::1]")).isEqualTo("[::1]:8001");
    assertThat(ServerOptions.target("[::1]:1")).isEqualTo("[::1]:1");
    assertThat(ServerOptions.target("dns:///example.org:1")).isEqualTo("dns:///example.org:1");
  }

  private TestShell.Run run(String... arguments) {
    String[] all = new String[arguments.length + 2];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    all[arguments.length] = "--server";
    all[arguments.length + 1] = server.address();
    return new TestShell().run(all);
  }
}
