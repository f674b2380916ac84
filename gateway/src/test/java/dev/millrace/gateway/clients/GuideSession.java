// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.clients;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.millrace.gateway.Main;
import dev.millrace.gateway.guides.Guide;
import dev.millrace.gateway.guides.Script;
import dev.millrace.gateway.guides.Transcript;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A guide as its reader follows it: in a folder of its own, with {@code ./millrace} in it and other
 * programs on the PATH. Ports are free ones in place of those in the guide, and differ for each
 * session.
 */
final class GuideSession {
  private static final String USUAL_HTTP = "8000";
  private static final String USUAL_GRPC = "8001";

  private final Guide guide;
  private final Path folder;
  private final Map<String, String> ports = new LinkedHashMap<>();
  private final Map<String, String> environment = new HashMap<>();

  GuideSession(String guide, Path folder) throws IOException {
    this.guide = Guide.read(guide);
    this.folder = folder;
    environment.put("PATH", folder.resolve("bin") + ":" + System.getenv("PATH"));
    environment.put("MILLRACE_HTTP_PORT", Integer.toString(port(USUAL_HTTP)));
    environment.put("MILLRACE_GRPC_PORT", Integer.toString(port(USUAL_GRPC)));
    program(
        folder.resolve("millrace"),
        """
        case $1 in
          serve | check-config) ;;
          *) set -- "$@" --server 127.0.0.1:$MILLRACE_GRPC_PORT ;;
        esac
        exec %s/bin/java --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow \
          -XX:TieredStopAtLevel=1 -cp '%s' %s "$@"
        """
            .formatted(
                System.getProperty("java.home"),
                System.getProperty("java.class.path"),
                Main.class.getName()));
  }

  /** The free port in place of one in the guide. */
  int port(String usual) throws IOException {
    if (!ports.containsKey(usual)) {
      ports.put(usual, Integer.toString(BackgroundProgram.freePort()));
    }
    return Integer.parseInt(ports.getOrDefault(usual, ""));
  }

  void set(String variable, String value) {
    environment.put(variable, value);
  }

  /** Has a module of a Python environment be a program; its scripts do not survive being moved. */
  void pythonProgram(String name, Path python, String... module) throws IOException {
    program(
        folder.resolve("bin").resolve(name),
        "exec %s %s \"$@\"\n".formatted(python, String.join(" ", module)));
  }

  private static void program(Path file, String script) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + script);
    if (!file.toFile().setExecutable(true)) {
      throw new IOException(file + ": cannot be made executable");
    }
  }

  /** Writes what a section shows in some language, for its commands. */
  void write(String section, String language, String... files) throws IOException {
    List<String> blocks = guide.section(section).blocks(language);
    if (blocks.size() != files.length) {
      throw new AssertionError(section + ": " + blocks.size() + " of " + language);
    }
    for (int i = 0; i < files.length; i++) {
      Files.writeString(folder.resolve(files[i]), withPorts(blocks.get(i)), UTF_8);
    }
  }

  /** Starts the server that a section shows in its only {@code sh} block. */
  BackgroundProgram start(String section, String usualPort) throws IOException {
    String command = withPorts(String.join("", guide.section(section).blocks("sh")));
    return BackgroundProgram.start(
        List.of("bash", "-c", "cd '" + folder + "' && " + command),
        environment,
        port(usualPort),
        folder.resolve(usualPort + ".log"));
  }

  /** Runs one of the sessions at the console that a section shows; how many commands it had. */
  int check(String section, int number) throws IOException, InterruptedException {
    String block = guide.section(section).blocks("console").get(number);
    return new Transcript(withPorts(block)).check(new Script(folder, environment));
  }

  int check(String section) throws IOException, InterruptedException {
    int commands = 0;
    for (int i = 0; i < guide.section(section).blocks("console").size(); i++) {
      commands += check(section, i);
    }
    return commands;
  }

  private String withPorts(String text) {
    String result = text;
    for (Map.Entry<String, String> port : ports.entrySet()) {
      result = result.replaceAll("\\b" + port.getKey() + "\\b", port.getValue());
    }
    return result;
  }
}
