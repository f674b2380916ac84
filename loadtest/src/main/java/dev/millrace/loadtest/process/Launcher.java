// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.process;

import dev.millrace.loadtest.baseline.BareGrpc;
import dev.millrace.loadtest.baseline.BareOrt;
import dev.millrace.loadtest.process.Pinning.Place;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Starts the gateway and its baselines. */
public final class Launcher {
  private static final Pattern GATEWAY_LISTENS =
      Pattern.compile(
          "^gRPC on 127\\.0\\.0\\.1:([0-9]+), HTTP on 127\\.0\\.0\\.1:([0-9]+)", Pattern.MULTILINE);
  private static final Pattern BARE_READY =
      Pattern.compile("bare gRPC on 127\\.0\\.0\\.1:([0-9]+)");

  // hundreds of models on one core
  private static final long READY_SECONDS = 120;

  private final Installation installation;
  private final Pinning pinning;
  private final Children children;

  public Launcher(Installation installation, Pinning pinning, Children children) {
    this.installation = installation;
    this.pinning = pinning;
    this.children = children;
  }

  /** Starts a gateway as a user would, and waits until its models are ready. */
  public Server gateway(String name, Place place, Path repository, String... flags)
      throws IOException, InterruptedException {
    return attach(name, gatewayProcess(name, place, repository, 0, flags));
  }

  /**
   * Starts a gateway without models, for what is pushed to it. All of its heap is resident from the
   * start, so that what is resident later and was not before lies outside of the heap.
   *
   * @param data its data directory
   */
  public Server emptyGateway(String name, Place place, Path data)
      throws IOException, InterruptedException {
    List<String> command =
        placed(
            place,
            installation.launcher(
                List.of(
                    "serve",
                    "--data-dir",
                    data.toString(),
                    "--grpc-port",
                    "0",
                    "--http-port",
                    "0")));
    Map<String, String> environment = new HashMap<>(installation.environment());
    environment.put(Installation.JVM_FLAGS, Installation.RESIDENT_HEAP_FLAGS);
    return attach(name, children.start(name, command, environment));
  }

  private static Server attach(String name, Child child) throws IOException, InterruptedException {
    Matcher listens = child.await(GATEWAY_LISTENS, READY_SECONDS);
    int port = Integer.parseInt(listens.group(1));
    Readiness.await(Server.address(port), READY_SECONDS);
    return Server.attach(name, port, Optional.of(Integer.parseInt(listens.group(2))), child);
  }

  /**
   * Starts a gateway and returns at once.
   *
   * @param port of gRPC; 0 lets it pick one
   */
  public Child gatewayProcess(String name, Place place, Path repository, int port, String... flags)
      throws IOException {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "serve",
                "--repository",
                repository.toString(),
                "--grpc-port",
                String.valueOf(port),
                "--http-port",
                "0"));
    arguments.addAll(List.of(flags));
    return children.start(
        name, placed(place, installation.launcher(arguments)), installation.environment());
  }

  /**
   * Starts the baseline of the wire.
   *
   * @param gateway whose JVM flags it takes over
   */
  public Server bareGrpc(Place place, Server gateway) throws IOException, InterruptedException {
    String name = "bare gRPC";
    List<String> command =
        installation.program(gateway.probe().flags(), BareGrpc.class, List.of("0"));
    Child child = children.start(name, placed(place, command), installation.environment());
    int port = Integer.parseInt(child.await(BARE_READY, READY_SECONDS).group(1));
    return Server.attach(name, port, Optional.empty(), child);
  }

  /**
   * Starts the baseline of the engine.
   *
   * @param gateway whose JVM flags it takes over
   */
  public OrtProcess bareOrt(Server gateway, Path model) throws IOException {
    List<String> command =
        installation.program(
            gateway.probe().flags(), BareOrt.class, List.of(model.toString(), "--ask"));
    return new OrtProcess(
        children.startTalking(
            "bare ORT", placed(Place.SERVER_CORE, command), installation.environment()));
  }

  private List<String> placed(Place place, List<String> command) {
    List<String> placed = new ArrayList<>(pinning.prefix(place));
    placed.addAll(command);
    return placed;
  }
}
