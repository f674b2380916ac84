// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import dev.millrace.loadtest.baseline.BenchmarkModels;
import dev.millrace.loadtest.load.Observer;
import dev.millrace.loadtest.load.Stop;
import dev.millrace.loadtest.process.Children;
import dev.millrace.loadtest.process.Launcher;
import dev.millrace.loadtest.process.OrtProcess;
import dev.millrace.loadtest.process.Pinning;
import dev.millrace.loadtest.process.Pinning.Place;
import dev.millrace.loadtest.process.Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What rows are measured on: the servers that several rows share, started when the first of them
 * needs them, and the way to more. One thread.
 */
final class Stage {
  private final Launcher launcher;
  private final Pinning pinning;
  private final Path folder;
  private final Effort effort;
  private final Stop stop;
  private final Observer observer;
  private final List<String> notes = new ArrayList<>();
  private final Set<Long> warmed = new HashSet<>();
  private int repeats;
  private Optional<Server> gateway = Optional.empty();
  private Optional<Server> bareGrpc = Optional.empty();

  Stage(
      Launcher launcher,
      Pinning pinning,
      Children children,
      Effort effort,
      Stop stop,
      Observer observer) {
    this.launcher = launcher;
    this.pinning = pinning;
    this.folder = children.folder();
    this.effort = effort;
    this.stop = stop;
    this.observer = observer;
  }

  Launcher launcher() {
    return launcher;
  }

  Pinning pinning() {
    return pinning;
  }

  Effort effort() {
    return effort;
  }

  Stop stop() {
    return stop;
  }

  Observer observer() {
    return observer;
  }

  /** A folder for files of one row. */
  Path folder(String name) throws IOException {
    return Files.createDirectories(folder.resolve(name));
  }

  /** Where the models of {@link #gateway} lie. */
  Path models() {
    return folder.resolve("models");
  }

  /** The gateway with all models that are measured one by one, on the servers' core. */
  Server gateway() throws IOException, InterruptedException {
    if (gateway.isEmpty()) {
      observer.phase("starting the gateway");
      BenchmarkModels.write(models());
      SlowModel.write(models());
      gateway = Optional.of(launcher.gateway("gateway", Place.SERVER_CORE, models()));
    }
    return gateway.get();
  }

  /** Bare gRPC, on the servers' core. */
  Server bareGrpc() throws IOException, InterruptedException {
    Server like = gateway();
    if (bareGrpc.isEmpty()) {
      observer.phase("starting bare gRPC");
      bareGrpc = Optional.of(launcher.bareGrpc(Place.SERVER_CORE, like));
    }
    return bareGrpc.get();
  }

  /** Bare ONNX Runtime with one of the gateway's models, on the servers' core. */
  OrtProcess bareOrt(String model) throws IOException, InterruptedException {
    return launcher.bareOrt(gateway(), models().resolve(model + ".onnx"));
  }

  void warmUp(Subject subject, Load load) throws InterruptedException {
    observer.phase("%s, warm-up".formatted(subject.name()));
    boolean isFirst = warmed.add(subject.server().child().pid());
    if (!subject.warmUp(load.shape(), isFirst ? effort.firstWarmUp() : effort.warmUp())) {
      notes.add(
          "%s, %s: still warming up when its first turn came".formatted(subject.name(), load));
    }
  }

  /** A turn was disturbed, and did not count. */
  void repeated() {
    repeats++;
  }

  /** What a reader of the row should know; each only once. */
  List<String> takeNotes() {
    if (repeats > 0) {
      notes.add(
          "%d turns were disturbed by other work on the load's core, and taken again"
              .formatted(repeats));
      repeats = 0;
    }
    List<String> taken = List.copyOf(notes);
    notes.clear();
    return taken;
  }

  /** A contestant that is put under that load in its turns. */
  Contestant<Turn> contestant(Subject subject, Load load) {
    return new Contestant<>(subject.name(), () -> subject.turn(load.shape(), effort.windowNanos()));
  }
}
