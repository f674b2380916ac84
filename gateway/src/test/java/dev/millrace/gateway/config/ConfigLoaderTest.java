// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConfigLoaderTest {
  @TempDir Path folder;

  @Test
  void aLaterSourceBeatsAnEarlierOne() throws Exception {
    Path file = file("host: file\ngrpc_port: 1\nhttp_port: 1001\n");

    ConfigValues values =
        ConfigLoader.load(
            file,
            Map.of("MILLRACE_GRPC_PORT", "2", "MILLRACE_HTTP_PORT", "1002"),
            List.of(flag("http_port", "1003")));

    assertThat(values.get(ConfigKey.MAX_CALLS_PER_CONNECTION)).isEqualTo(4096);
    assertThat(values.get(ConfigKey.HOST)).isEqualTo("file");
    assertThat(values.get(ConfigKey.GRPC_PORT)).isEqualTo(2);
    assertThat(values.get(ConfigKey.HTTP_PORT)).isEqualTo(1003);
  }

  @Test
  void knowsWhereEachValueCameFrom() throws Exception {
    Path file = file("# a comment\n\nhost: file\n");

    ConfigValues values =
        ConfigLoader.load(
            file, Map.of("MILLRACE_GRPC_PORT", "2"), List.of(flag("http_port", "1003")));

    assertThat(values.origin(ConfigKey.LOG_LEVEL)).hasToString("default");
    assertThat(values.origin(ConfigKey.HOST)).hasToString(file + ":3");
    assertThat(values.origin(ConfigKey.GRPC_PORT)).hasToString("environment MILLRACE_GRPC_PORT");
    assertThat(values.origin(ConfigKey.HTTP_PORT)).hasToString("flag --set");
  }

  @Test
  void ofTwoFlagsTheLastWins() throws Exception {
    ConfigValues values =
        ConfigLoader.load(Map.of(), List.of(flag("grpc_port", "1"), flag("grpc_port", "2")));

    assertThat(values.get(ConfigKey.GRPC_PORT)).isEqualTo(2);
  }

  @Test
  void reportsEveryProblemOfEverySourceAtOnce() throws Exception {
    Path file = file("grpc_port: 70000\nlog_level: loud\nnonsense_here: 1\n");

    assertThat(
            problems(
                file,
                Map.of("MILLRACE_POLL_INTERVAL", "2", "MILLRACE_HTPP_PORT", "1"),
                List.of(flag("max_message_bytes", "1TB"), flag("grpc_prot", "1"))))
        .containsExactly(
            "grpc_port: 70000 (expected 0..65535), from " + file + ":1",
            "log_level: loud (expected error|warn|info|debug), from " + file + ":2",
            "unknown key 'nonsense_here', from " + file + ":3",
            "unknown environment variable MILLRACE_HTPP_PORT (did you mean MILLRACE_HTTP_PORT?)",
            "poll_interval: 2 (expected a duration such as 500ms, 2s or 1m, 100ms..24h), from"
                + " environment MILLRACE_POLL_INTERVAL",
            "max_message_bytes: 1TB (expected a size such as 64KiB or 256MiB, 1KiB..2147483647),"
                + " from flag --set",
            "unknown key 'grpc_prot' (did you mean grpc_port?), from flag --set");
  }

  @Test
  void aValueThatALaterSourceReplacesMustStillBeRight() throws Exception {
    Path file = file("grpc_port: many\n");

    assertThat(problems(file, Map.of(), List.of(flag("grpc_port", "1"))))
        .containsExactly("grpc_port: many (expected 0..65535), from " + file + ":1");
  }

  @Test
  void takesAListInYamlAndCommasElsewhere() throws Exception {
    Path file = file("repositories: [/a, \"/b,c\"]\n");

    assertThat(ConfigLoader.load(file, Map.of(), List.of()).get(ConfigKey.REPOSITORIES))
        .isEqualTo(ModelLocation.folders(Path.of("/a"), Path.of("/b,c")));
    assertThat(
            ConfigLoader.load(Map.of("MILLRACE_REPOSITORIES", "/a, /b"), List.of())
                .get(ConfigKey.REPOSITORIES))
        .isEqualTo(ModelLocation.folders(Path.of("/a"), Path.of("/b")));
  }

  @Test
  void takesTenantsAsAMapInYamlAndAsEquationsElsewhere() throws Exception {
    Path file = file("tenant_header: X-Team\ntenant_weights: {gold: 3, a=b: 0.5}\n");

    ConfigValues values = ConfigLoader.load(file, Map.of(), List.of());
    assertThat(values.get(ConfigKey.TENANT_HEADER)).isEqualTo("x-team");
    assertThat(values.get(ConfigKey.TENANT_WEIGHTS))
        .containsExactly(Map.entry("gold", 3.0), Map.entry("a=b", 0.5));
    assertThat(values.text(ConfigKey.TENANT_WEIGHTS)).isEqualTo("gold=3, a=b=0.5");
    assertThat(
            ConfigLoader.load(file, Map.of("MILLRACE_TENANT_WEIGHTS", "gold=1, new=2"), List.of())
                .get(ConfigKey.TENANT_WEIGHTS))
        .containsExactly(Map.entry("gold", 1.0), Map.entry("new", 2.0));
  }

  @Test
  void saysWhatIsWrongWithTenants() throws Exception {
    String expected =
        " (expected at most 14 names, each with a number above 0 and up to 1000000), from ";
    for (String weights :
        List.of("gold=0", "gold=-1", "gold=NaN", "gold=1e3", "gold", "=1", "a=1, a=2")) {
      assertThat(
              problems(
                  file("tenant_header: team\n"),
                  Map.of("MILLRACE_TENANT_WEIGHTS", weights),
                  List.of()))
          .containsExactly(
              "tenant_weights: " + weights + expected + "environment MILLRACE_TENANT_WEIGHTS");
    }
    Path file = file("tenant_header: team-bin\ntenant_weights:\n  gold: {a: 1}\n");
    assertThat(problems(file, Map.of(), List.of()))
        .containsExactlyInAnyOrder(
            "tenant_header: team-bin (expected the name of a header: letters, digits, '-', '_'"
                + " and '.'; not ending in '-bin'), from "
                + file
                + ":1",
            "tenant_weights: nested (expected a value or a list), from " + file + ":2");
  }

  @Test
  void weightsNeedAHeaderToGoBy() throws Exception {
    assertThat(problems(file(""), Map.of("MILLRACE_TENANT_WEIGHTS", "gold=2"), List.of()))
        .containsExactly(
            "tenant_weights: given without tenant_header, from environment"
                + " MILLRACE_TENANT_WEIGHTS");
  }

  @Test
  void relativePathsInAFileStartAtItsFolder() throws Exception {
    Path file = file("repositories:\n  - models\nstaging_directory: staged\n");

    ConfigValues values = ConfigLoader.load(file, Map.of(), List.of());

    assertThat(values.get(ConfigKey.REPOSITORIES))
        .isEqualTo(ModelLocation.folders(folder.resolve("models")));
    assertThat(values.get(ConfigKey.STAGING_DIRECTORY)).isEqualTo(folder.resolve("staged"));
  }

  @Test
  void anEnvironmentVariableMayNameTheFile() throws Exception {
    Path file = file("grpc_port: 7\n");

    ConfigValues values = ConfigLoader.load(Map.of("MILLRACE_CONFIG", file.toString()), List.of());

    assertThat(values.get(ConfigKey.GRPC_PORT)).isEqualTo(7);
  }

  @Test
  void leavesTheLaunchersVariablesAndThoseOfKubernetesAlone() throws Exception {
    ConfigValues values =
        ConfigLoader.load(
            Map.of(
                "MILLRACE_JAVA_HOME", "/jdk",
                "MILLRACE_HOME", "/opt/millrace",
                "MILLRACE_JVM_FLAGS", "-Xmx1g",
                "MILLRACE_SERVICE_HOST", "10.0.0.1",
                "MILLRACE_PORT", "tcp://10.0.0.1:8001",
                "MILLRACE_GRPC_PORT", "tcp://10.0.0.1:8001",
                "MILLRACE_GRPC_PORT_8001_TCP_ADDR", "10.0.0.1",
                "MILLRACE_SERVICE_PORT_GRPC", "8001",
                "HOME", "/root"),
            List.of());

    assertThat(values.get(ConfigKey.GRPC_PORT)).isEqualTo(8001);
  }

  @Test
  void saysWhichLinesGiveAKeyTwice() throws Exception {
    Path file = file("host: a\nhost: b\n");

    assertThat(problems(file, Map.of(), List.of()))
        .containsExactly("host: given twice, " + file + ":1 and line 2");
  }

  @Test
  void refusesNestingAndEmptyValues() throws Exception {
    Path file = file("host:\n  name: a\ngrpc_port:\nlog_level: [info, warn]\n");

    assertThat(problems(file, Map.of(), List.of()))
        .containsExactly(
            "host: nested (expected a value or a list), from " + file + ":1",
            "grpc_port: nothing (expected 0..65535), from " + file + ":3",
            "log_level: [info, warn] (expected error|warn|info|debug), from " + file + ":4");
  }

  @Test
  void saysWhereAFileIsNotYaml() throws Exception {
    Path file = file("host: a\n  - b: [\n");

    assertThat(problems(file, Map.of(), List.of()))
        .singleElement()
        .asString()
        .startsWith(file + ":2: not YAML (");
  }

  @Test
  void saysThatAFileIsMissingBesideTheOtherProblems() {
    Path file = folder.resolve("nowhere.yaml");

    assertThat(problems(file, Map.of(), List.of(flag("grpc_port", "x"))))
        .containsExactly(
            file + ": no such file", "grpc_port: x (expected 0..65535), from flag --set");
  }

  @Test
  void anEmptyFileSaysNothing() throws Exception {
    assertThat(ConfigLoader.load(file("# later\n"), Map.of(), List.of()).get(ConfigKey.HOST))
        .isEqualTo("127.0.0.1");
  }

  @Test
  void theTwoPortsMustDifferUnlessTheSystemPicks() throws Exception {
    assertThat(problems(file(""), Map.of(), List.of(flag("http_port", "8001"))))
        .containsExactly("http_port: 8001 (expected another than grpc_port), from flag --set");

    assertThat(
            ConfigLoader.load(Map.of(), List.of(flag("grpc_port", "0"), flag("http_port", "0")))
                .get(ConfigKey.HTTP_PORT))
        .isZero();
  }

  @Test
  void understandsUnits() throws Exception {
    ConfigValues values =
        ConfigLoader.load(
            Map.of(),
            List.of(flag("max_message_bytes", "64MiB"), flag("shutdown_grace", "1500ms")));

    assertThat(values.get(ConfigKey.MAX_MESSAGE_BYTES)).isEqualTo(64 << 20);
    assertThat(values.get(ConfigKey.SHUTDOWN_GRACE)).isEqualTo(Duration.ofMillis(1500));
    assertThat(values.text(ConfigKey.MAX_MESSAGE_BYTES)).isEqualTo("64MiB");
    assertThat(values.text(ConfigKey.SHUTDOWN_GRACE)).isEqualTo("1500ms");
  }

  private static Setting flag(String key, String text) {
    return Setting.text(key, text, Origin.flag("--set"));
  }

  private static List<String> problems(
      Path file, Map<String, String> environment, List<Setting> flags) {
    ConfigException e =
        catchThrowableOfType(
            ConfigException.class, () -> ConfigLoader.load(file, environment, flags));
    assertThat(e).isNotNull();
    return e.problems();
  }

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("millrace.yaml"), text);
  }
}
