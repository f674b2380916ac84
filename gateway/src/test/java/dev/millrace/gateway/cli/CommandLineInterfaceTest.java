// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CommandLineInterfaceTest {
  private final TestShell shell = new TestShell();

  @Test
  void withoutACommandItShowsTheCommandsAndFails() {
    TestShell.Run run = shell.run();

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err())
        .contains("serve", "infer", "models", "demo", "check-config", "completion");
  }

  @Test
  void suggestsTheCommandThatWasMeant() {
    TestShell.Run run = shell.run("serv");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("'serv'", "millrace serve");
  }

  @Test
  void suggestsTheOptionThatWasMeant() {
    TestShell.Run run = shell.run("serve", "--grpc-prt=1");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("--grpc-prt", "--grpc-port");
  }

  @Test
  void ofRepeatedOptionsTheLastWinsWhicheverWayItIsWritten() {
    assertThat(effective("--grpc-port", "1", "--grpc-port", "2")).contains("grpc_port 2 flag");
    assertThat(effective("--grpc-port", "1", "--set", "grpc_port=2"))
        .contains("grpc_port 2 flag --set");
    assertThat(effective("--set", "grpc_port=2", "--grpc-port", "1"))
        .contains("grpc_port 1 flag --grpc-port");
  }

  @Test
  void repositoriesAndSettingsCollect() {
    assertThat(
            effective(
                "--repository",
                "/a",
                "--repository",
                "/b",
                "--set",
                "host=x",
                "--set",
                "log_level=warn"))
        .contains("repositories /a, /b flag --repository")
        .contains("host x flag --set")
        .contains("log_level warn flag --set");
  }

  @Test
  void checkConfigShowsWhereEachValueCameFrom(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("m.yaml"), "model_control: poll\n");
    TestShell withEnvironment = new TestShell(Map.of("MILLRACE_LOG_FORMAT", "json"), "");

    TestShell.Run run =
        withEnvironment.run("check-config", "--config", file.toString(), "--host", "0.0.0.0");

    assertThat(run.exitCode()).isZero();
    assertThat(squeezed(run.out()))
        .contains("model_control poll " + file + ":1")
        .contains("log_format json environment MILLRACE_LOG_FORMAT")
        .contains("host 0.0.0.0 flag --host")
        .contains("http_port 8000 default");
  }

  @Test
  void checkConfigReportsAllProblems() {
    TestShell.Run run =
        shell.run("check-config", "--set", "nonsense", "--grpc-port", "70000", "--http-port", "no");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.err().lines())
        .containsExactly(
            "--set nonsense (expected key=value)",
            "grpc_port: 70000 (expected 0..65535), from flag --grpc-port",
            "http_port: no (expected -1..65535), from flag --http-port");
  }

  @Test
  void serveNeedsARepositoryThatExists(@TempDir Path folder) {
    assertThat(shell.run("serve"))
        .isEqualTo(
            new TestShell.Run(
                2,
                "",
                "repositories: none (expected at least one, such as --repository DIR,"
                    + " or --data-dir DIR)\n"));

    TestShell.Run run = shell.run("serve", "--repository", folder.resolve("gone").toString());

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("gone (expected a directory that exists), from flag");
  }

  @Test
  void checkConfigOnlyNotesFoldersThatAreMissingHere() {
    TestShell.Run run = shell.run("check-config", "--repository", "/nowhere/models");

    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).startsWith("note: repositories: /nowhere/models");
  }

  @Test
  void showsItsVersion() {
    assertThat(shell.run("version").out()).startsWith("millrace ").contains("Java");
    assertThat(shell.run("--version").out()).isEqualTo(shell.run("version").out());
  }

  @Test
  void writesACompletionScript() {
    TestShell.Run run = shell.run("completion");

    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).contains("complete -F", "check-config", "--grpc-port");
  }

  @Test
  void theDemoSaysWhenItsModelsAreNotThere() {
    TestShell.Run run = shell.run("demo", "--once", "--grpc-port", "0", "--http-port", "0");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).startsWith("/nowhere/deploy/demo/holdout: no such folder");
  }

  @Test
  void theDemoRefusesPortsThatAreNone() {
    assertThat(shell.run("demo", "--grpc-port", "70000"))
        .isEqualTo(new TestShell.Run(2, "", "grpc_port: 70000 (expected 0..65535)\n"));
    assertThat(shell.run("demo", "--grpc-port", "9000", "--http-port", "9000").err())
        .isEqualTo("http_port: 9000 (expected another than grpc_port)\n");
  }

  private String effective(String... flags) {
    String[] arguments = new String[flags.length + 1];
    arguments[0] = "check-config";
    System.arraycopy(flags, 0, arguments, 1, flags.length);
    return squeezed(shell.run(arguments).out());
  }

  private static String squeezed(String table) {
    return table.replaceAll(" +", " ");
  }
}
