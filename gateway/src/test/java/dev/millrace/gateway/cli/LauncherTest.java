// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs the launcher in a packaged layout, with JDKs that only print how they were started. */
@Timeout(30)
final class LauncherTest {
  private static final Path LAUNCHER =
      Path.of(System.getProperty("basedir", ""), "..", "millrace").toAbsolutePath().normalize();

  @TempDir Path folder;
  private Path installation;
  private Path launcher;

  @BeforeEach
  void install() throws IOException {
    folder = folder.toRealPath();
    installation = folder.resolve("millrace-1.0");
    launcher = installation.resolve("millrace");
    Files.createDirectories(installation.resolve("lib"));
    // the places where it looks for JDKs, moved to where this machine has none
    Files.writeString(
        launcher,
        Files.readString(LAUNCHER)
            .replace("/usr/lib/jvm", folder + "/jvm")
            .replace("/opt/", folder + "/opt/")
            .replace("/usr/libexec", folder + "/libexec"));
    executable(launcher);
  }

  @Test
  void startsTheJvmWithTheLibrariesBesideIt() throws Exception {
    Path jdk = jdk("jdk", "25.0.3");

    Result result = run(Map.of("MILLRACE_JAVA_HOME", jdk.toString()), "serve", "--host", "a b");

    assertThat(result.exitCode()).isZero();
    assertThat(result.lines())
        .startsWith("started from " + jdk, "telemetry off: 1")
        .contains(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+ExitOnOutOfMemoryError",
            "-Dmillrace.home=" + installation,
            installation + "/lib/*")
        .endsWith("dev.millrace.gateway.Main", "serve", "--host", "a b");
  }

  @Test
  void serversGetG1AndShortCommandsWhatStartsFast() throws Exception {
    Map<String, String> environment = Map.of("MILLRACE_JAVA_HOME", jdk("jdk", "25").toString());

    assertThat(run(environment, "--debug", "serve").lines())
        .contains("-XX:+UseG1GC")
        .doesNotContain("-XX:TieredStopAtLevel=1");
    assertThat(run(environment, "demo", "--once").lines()).contains("-XX:+UseG1GC");
    assertThat(run(environment, "infer", "serve").lines())
        .contains("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");
  }

  @Test
  void benchIsAProgramOfItsOwnForThroughput() throws Exception {
    Map<String, String> environment = Map.of("MILLRACE_JAVA_HOME", jdk("jdk", "25").toString());

    assertThat(run(environment, "bench", "localhost:8001", "serve").lines())
        .contains("-XX:+UseParallelGC", installation + "/lib/*")
        .doesNotContain("-XX:TieredStopAtLevel=1", "-XX:+UseG1GC", "-Dmillrace.terminal=true")
        .endsWith("dev.millrace.loadtest.cli.Main", "bench", "localhost:8001", "serve");
  }

  @Test
  void furtherFlagsAreSplitAtBlanksAndMayChooseTheCollector() throws Exception {
    assertThat(
            run(
                    Map.of(
                        "MILLRACE_JAVA_HOME",
                        jdk("jdk", "25").toString(),
                        "MILLRACE_JVM_FLAGS",
                        "-Xmx1g -XX:+UseZGC"),
                    "serve")
                .lines())
        .contains("-Xmx1g", "-XX:+UseZGC")
        .doesNotContain("-XX:+UseG1GC");
  }

  @Test
  void worksThroughSymbolicLinksFromAnyDirectory() throws Exception {
    Path bin = Files.createDirectories(folder.resolve("a bin"));
    Files.createSymbolicLink(bin.resolve("one"), Path.of("../millrace-1.0/millrace"));
    Files.createSymbolicLink(bin.resolve("two"), bin.resolve("one"));
    launcher = bin.resolve("two");

    assertThat(run(Map.of("MILLRACE_JAVA_HOME", jdk("jdk", "25").toString()), "version").lines())
        .contains("-Dmillrace.home=" + installation);
  }

  @Test
  void takesJavaHomeIfItIsNewEnough() throws Exception {
    Path jdk = jdk("jdk", "26-ea");

    assertThat(run(Map.of("JAVA_HOME", jdk.toString()), "version").lines())
        .startsWith("started from " + jdk);
  }

  @Test
  void passesOverWhatIsTooOld() throws Exception {
    Path old = jdk("old", "17.0.15");
    jdk("jvm/java-21", "21.0.9");
    Path sdkman = jdk("home/.sdkman/candidates/java/25-tem", "25.0.3");

    assertThat(run(Map.of("JAVA_HOME", old.toString()), "version").lines())
        .startsWith("started from " + sdkman);

    Path system = jdk("jvm/java-25", "25.0.3");
    assertThat(run(Map.of("JAVA_HOME", old.toString()), "version").lines())
        .startsWith("started from " + system);
  }

  @Test
  void takesTheJavaOnThePathLast() throws Exception {
    Path jdk = jdk("somewhere else", "25.0.3");
    Files.createDirectories(folder.resolve("bin"));
    Files.createSymbolicLink(folder.resolve("bin/java"), jdk.resolve("bin/java"));

    assertThat(run(Map.of(), "version").lines()).startsWith("started from " + jdk);
  }

  @Test
  void saysInOneLineWhichJdkToInstall() throws Exception {
    jdk("jvm/java-17", "17.0.15");

    Result result = run(Map.of(), "serve");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.lines())
        .singleElement()
        .asString()
        .startsWith("millrace: no JDK of 25 or newer found; install one");
  }

  @Test
  void aRuntimeOfItsOwnComesBeforeThoseOfTheMachine() throws Exception {
    Path runtime = jdk("millrace-1.0/runtime", "25.0.3");
    Path other = jdk("other", "25.0.3");

    assertThat(run(Map.of("JAVA_HOME", other.toString()), "version").lines())
        .startsWith("started from " + runtime);
  }

  @Test
  void saysThatTheChosenJdkIsTooOld() throws Exception {
    Path old = jdk("old", "17.0.15");

    assertThat(run(Map.of("MILLRACE_JAVA_HOME", old.toString()), "serve"))
        .isEqualTo(
            new Result(
                1,
                List.of(
                    "millrace: MILLRACE_JAVA_HOME=%s holds Java 17 (expected a JDK of 25 or newer)"
                        .formatted(old))));
    assertThat(run(Map.of("MILLRACE_JAVA_HOME", "/nowhere"), "serve").lines())
        .containsExactly(
            "millrace: MILLRACE_JAVA_HOME=/nowhere holds no JDK (expected a JDK of 25 or newer)");
  }

  @Test
  void saysInOneLineThatNothingIsInstalledHere() throws Exception {
    Files.delete(installation.resolve("lib"));

    assertThat(run(Map.of("MILLRACE_JAVA_HOME", jdk("jdk", "25").toString()), "serve"))
        .isEqualTo(new Result(1, List.of("millrace: neither lib nor pom.xml in " + installation)));
  }

  @Test
  void inASourceTreeWithoutMavenItSaysWhatToInstall() throws Exception {
    Files.createFile(installation.resolve("pom.xml"));

    Result result = run(Map.of("MILLRACE_JAVA_HOME", jdk("jdk", "25").toString()), "serve");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.lines()).singleElement().asString().contains("no mvn on the PATH");
  }

  @Test
  void buildsASourceTreeOnceAndAgainWhenASourceIsNewer() throws Exception {
    Files.createFile(installation.resolve("pom.xml"));
    Path source =
        Files.createDirectories(installation.resolve("gateway/src/main")).resolve("A.java");
    Files.createFile(source);
    script(
        folder.resolve("bin/mvn"),
        "mkdir -p gateway/target/lib && : >gateway/target/millrace-gateway-1.jar");
    Map<String, String> environment = Map.of("MILLRACE_JAVA_HOME", jdk("jdk", "25").toString());

    assertThat(run(environment, "version").lines()).first().asString().contains("building");
    assertThat(run(environment, "version").lines())
        .contains(
            installation
                + "/gateway/target/millrace-gateway-1.jar:"
                + installation
                + "/gateway/target/lib/*")
        .noneMatch(line -> line.contains("building") || line.contains("recording"));

    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(10)));
    assertThat(run(environment, "version").lines()).first().asString().contains("building");
  }

  @Test
  void recordsAStartAfterABuildByMavenAlone() throws Exception {
    Files.createFile(installation.resolve("pom.xml"));
    Files.createDirectories(installation.resolve("gateway/target/lib"));
    Path jar = Files.createFile(installation.resolve("gateway/target/millrace-gateway-1.jar"));
    Map<String, String> environment = Map.of("MILLRACE_JAVA_HOME", jdk("jdk", "25").toString());

    assertThat(run(environment, "serve").lines())
        .anyMatch(line -> line.contains("recording"))
        .contains("serve");
    assertThat(run(environment, "serve").lines()).noneMatch(line -> line.contains("recording"));

    Files.setLastModifiedTime(jar, FileTime.from(Instant.now().plusSeconds(10)));
    assertThat(run(environment, "serve").lines()).anyMatch(line -> line.contains("recording"));
  }

  @Test
  void buildsTheLoadTesterApartFromTheGateway() throws Exception {
    Files.createFile(installation.resolve("pom.xml"));
    script(
        folder.resolve("bin/mvn"),
        """
        case "$*" in *"-pl loadtest -am"*) ;; *) exit 1 ;; esac
        mkdir -p loadtest/target/lib && : >loadtest/target/millrace-loadtest-1.jar""");
    Map<String, String> environment = Map.of("MILLRACE_JAVA_HOME", jdk("jdk", "25").toString());

    assertThat(run(environment, "bench").lines()).first().asString().contains("building");
    assertThat(run(environment, "bench").lines())
        .contains(
            installation
                + "/loadtest/target/millrace-loadtest-1.jar:"
                + installation
                + "/loadtest/target/lib/*")
        .noneMatch(line -> line.contains("building"));
  }

  @Test
  void whatWasBuiltForGpusIsBuiltForThemAgain() throws Exception {
    Files.createFile(installation.resolve("pom.xml"));
    Path library =
        Files.createDirectories(installation.resolve("gateway/target/lib"))
            .resolve("onnxruntime_gpu-1.jar");
    Files.createFile(library);
    script(
        folder.resolve("bin/mvn"),
        """
        case "$*" in *-Pcuda*) ;; *) exit 1 ;; esac
        mkdir -p gateway/target/lib && : >gateway/target/millrace-gateway-1.jar""");
    Map<String, String> environment = Map.of("MILLRACE_JAVA_HOME", jdk("jdk", "25").toString());

    assertThat(run(environment, "version").exitCode()).isZero();
    assertThat(library).doesNotExist();
  }

  @Test
  void showsWhatMavenSaidWhenTheBuildFails() throws Exception {
    Files.createFile(installation.resolve("pom.xml"));
    script(folder.resolve("bin/mvn"), "echo 'error: no'; exit 1");

    Result result = run(Map.of("MILLRACE_JAVA_HOME", jdk("jdk", "25").toString()), "version");

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.lines()).hasSize(3);
    assertThat(result.lines().get(1)).isEqualTo("error: no");
    assertThat(result.lines().get(2)).startsWith("millrace: the build failed");
  }

  private record Result(int exitCode, List<String> lines) {}

  private Result run(Map<String, String> environment, String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(launcher.toString());
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(Path.of("/").toFile()).redirectErrorStream(true);
    builder.environment().clear();
    Map<String, String> all = new HashMap<>(environment);
    all.put("HOME", folder.resolve("home").toString());
    all.put("PATH", folder.resolve("bin") + ":" + tools());
    builder.environment().putAll(all);
    Process process = builder.start();
    List<String> lines =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
            .lines()
            .toList();
    return new Result(process.waitFor(), lines);
  }

  /** A folder with the few tools that the launcher needs, and neither java nor mvn. */
  private Path tools() throws IOException {
    List<String> tools = new ArrayList<>(List.of("cat", "dirname", "find", "head", "mkdir", "mv"));
    tools.addAll(List.of("readlink", "rm", "sed", "sleep", "tail", "uname"));
    for (String tool : tools) {
      script(folder.resolve("tools").resolve(tool), "PATH=/usr/bin:/bin exec " + tool + " \"$@\"");
    }
    return folder.resolve("tools");
  }

  private Path jdk(String name, String version) throws IOException {
    Path jdk = folder.resolve(name);
    script(
        jdk.resolve("bin/java"),
        """
        echo "started from ${0%/bin/java}"
        echo "telemetry off: $ORT_DISABLE_TELEMETRY"
        printf '%s\\n' "$@"
        """);
    Files.writeString(
        jdk.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
    return jdk;
  }

  private static void script(Path file, String body) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    executable(file);
  }

  private static void executable(Path file) {
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }
}
