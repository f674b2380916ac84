// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.gpucheck;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.DeviceStatus;
import dev.millrace.backends.device.EngineDevices;
import dev.millrace.backends.natives.NativesException;
import dev.millrace.backends.natives.OrtNatives;
import dev.millrace.backends.onnx.OnnxBackend;
import dev.millrace.loadtest.process.Children;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code gpu-check}: everything that needs a GPU to be seen, in a few minutes. */
@Command(
    name = "gpu-check",
    mixinStandardHelpOptions = true,
    description = {
      "Lists devices, compares answers of the GPU with the processor's, measures batches bare and",
      "served, and tries what happens without memory or without a library.",
      "",
      "Where there is no GPU, each part says so, and small models run on the processor."
    })
public final class Main implements Callable<Integer> {
  private final PrintWriter out;

  @Option(names = "--cpu", description = "Leave GPUs alone: small models, half a minute.")
  private boolean onProcessor;

  @Option(
      names = "--natives",
      paramLabel = "DIR",
      description = "Libraries of a build of ONNX Runtime for GPUs.")
  private @Nullable Path natives;

  @Option(
      names = "--demo",
      paramLabel = "DIR",
      description = "A repository whose models' answers are compared as well.")
  private @Nullable Path demoModels;

  Main(PrintWriter out) {
    this.out = out;
  }

  public static void main(String[] arguments) {
    System.setProperty("slf4j.provider", "org.slf4j.helpers.NOP_FallbackServiceProvider");
    System.setProperty("slf4j.internal.verbosity", "ERROR");
    System.exit(run(new PrintWriter(System.out, true, StandardCharsets.UTF_8), arguments));
  }

  static int run(PrintWriter out, String... arguments) {
    return new CommandLine(new Main(out)).execute(arguments);
  }

  @Override
  public Integer call() throws IOException, InterruptedException, NativesException {
    Optional<Path> folder = Optional.ofNullable(natives);
    if (folder.isPresent()) {
      OrtNatives.use(folder.get());
    }
    EngineDevices devices = new OnnxBackend().devices();
    out.println("## Devices\n");
    out.println(devices.engine() + ", " + devices.build());
    devices.devices().forEach(status -> out.println(describe(status)));
    CheckPlan plan = plan(devices.usableGpus(), folder);
    try (Children children = Children.create()) {
      int faults = new Check(plan, children, out).run();
      out.flush();
      return faults == 0 ? 0 : 1;
    }
  }

  private CheckPlan plan(List<Device> gpus, Optional<Path> folder) {
    Optional<Path> demo = Optional.ofNullable(demoModels);
    return onProcessor || gpus.isEmpty()
        ? CheckPlan.onProcessor(folder, demo)
        : CheckPlan.onGpu(gpus.getFirst().index(), folder, demo);
  }

  private static String describe(DeviceStatus status) {
    String name = status.device().map(Device::toString).orElse(status.kind().toString());
    return "%s %s: %s"
        .formatted(
            name,
            status.provider(),
            status.unusable().map(why -> "no, " + why).orElse("yes " + status.detail()));
  }
}
