// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.gpucheck;

import dev.millrace.loadtest.baseline.BareModel;
import dev.millrace.loadtest.process.Child;
import dev.millrace.loadtest.process.ClassPathProgram;
import dev.millrace.loadtest.process.ClassPathProgram.Gateway;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What is said, and done, where a GPU's memory is full and where its library is not there. */
final class FailingGpu {
  private static final String LIBRARY = "libonnxruntime_providers_cuda.so";

  /** Lines of the gateway that tell where models run. */
  private static final Pattern TOLD = Pattern.compile("model |memory|not on a GPU");

  private static final Pattern LISTED = Pattern.compile("(?m)^gpu .*CUDA.*$");
  private static final long LIST_SECONDS = 60;

  /** More than its weights alone, and less than a large batch needs. */
  private static final int LARGE_BATCH = 128;

  private final CheckPlan plan;
  private final ClassPathProgram program;
  private final PrintWriter out;

  FailingGpu(CheckPlan plan, ClassPathProgram program, PrintWriter out) {
    this.plan = plan;
    this.program = program;
    this.out = out;
  }

  /**
   * Tries both.
   *
   * @param folder for files
   * @param model that does not fit
   */
  void run(Path folder, CheckedModel model) throws IOException, InterruptedException {
    out.println("\n## Out of memory\n");
    if (plan.gpu().isPresent()) {
      fill(folder, model, "16MiB");
      fill(folder, model, "600MiB");
    } else {
      out.println("not tried: there is no GPU");
    }
    out.println("\n## Without its library\n");
    if (plan.natives().isPresent()) {
      unplug(folder, plan.natives().get());
    } else {
      out.println("not tried: --natives was not given");
    }
  }

  /** Loads a model with too little memory for it, or for large batches, and sends one. */
  private void fill(Path folder, CheckedModel model, String memory)
      throws IOException, InterruptedException {
    Path repository =
        CheckedModel.repository(
            folder.resolve("full-" + memory),
            List.of(model),
            List.of(
                "device: gpu:" + plan.gpu().orElseThrow(),
                "gpu_memory: " + memory,
                "max_batch_size: " + LARGE_BATCH));
    out.println("gpu_memory: " + memory);
    try (Gateway gateway = program.serve("full " + memory, repository, plan.gatewayFlags());
        ServedModel served = new ServedModel(model.name(), gateway.address());
        BareModel bare = BareModel.open(model.file(), Optional.empty())) {
      ask(served, bare.inputs(LARGE_BATCH, model.length()));
      ask(served, bare.inputs(1, model.length()));
      gateway.child().printed(TOLD).forEach(line -> out.println("  " + line));
    }
  }

  private void ask(ServedModel served, List<BareModel.Input> inputs) {
    long rows = inputs.getFirst().shape()[0];
    try {
      out.printf("  %d rows: %d outputs%n", rows, served.answer(inputs).size());
    } catch (IOException e) {
      out.printf("  %d rows: %s%n", rows, e.getMessage());
    }
  }

  /** Lists devices with all libraries but the one of the provider. */
  private void unplug(Path folder, Path natives) throws IOException, InterruptedException {
    Path without = Files.createDirectories(folder.resolve("unplugged"));
    try (Stream<Path> files = Files.list(natives)) {
      for (Path file : files.filter(f -> !f.endsWith(LIBRARY)).toList()) {
        Files.createSymbolicLink(without.resolve(file.getFileName()), file.toAbsolutePath());
      }
    }
    try (Child devices =
        program.start("unplugged", List.of("devices", "--ort-natives", without.toString()))) {
      out.println(devices.await(LISTED, LIST_SECONDS).group());
    }
  }
}
