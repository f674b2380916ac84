// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.process;

import dev.millrace.gateway.Main;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A gateway in a process of its own, from this program's class path: nothing has to be packaged.
 */
public final class ClassPathGateway {
  private static final Pattern LISTENS =
      Pattern.compile("gRPC on 127\\.0\\.0\\.1:([0-9]+), HTTP on 127\\.0\\.0\\.1:([0-9]+)");
  private static final long READY_SECONDS = 30;

  private ClassPathGateway() {}

  /** Without models, over an empty data directory. */
  public static Server start(Children children, Path data)
      throws IOException, InterruptedException {
    Child child =
        children.start(
            "gateway",
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Xms128m",
                "-Xmx128m",
                "-XX:+AlwaysPreTouch",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "serve",
                "--data-dir=" + data,
                "--grpc-port=0",
                "--http-port=0"),
            Map.of("ORT_DISABLE_TELEMETRY", "1"));
    Matcher listens = child.await(LISTENS, READY_SECONDS);
    int port = Integer.parseInt(listens.group(1));
    Readiness.await(Server.address(port), READY_SECONDS);
    return Server.attach("gateway", port, Optional.of(Integer.parseInt(listens.group(2))), child);
  }
}
