// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.gpucheck;

import dev.millrace.loadtest.baseline.BareModel;
import dev.millrace.loadtest.baseline.OrtRun;
import dev.millrace.loadtest.process.Children;
import dev.millrace.loadtest.process.ClassPathProgram;
import dev.millrace.loadtest.process.ClassPathProgram.Gateway;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Compares and measures, and says what it finds as it goes. One thread. */
final class Check {
  /** GPUs multiply with 10 bits of fraction where they may (TF32), and add in another order. */
  private static final double TOLERANCE = 0.02;

  /** As far as sizes of batches lie close together, and beyond one that runs are captured for. */
  private static final int COMPARED_ROWS = 17;

  /** Sizes of batches as a batcher makes them. */
  private static final List<Integer> IN_TURN = List.of(3, 8, 5, 7, 4, 6);

  /** One gathers while the other runs. */
  private static final int REPLICAS = 2;

  /** Lines of the gateway that tell how a GPU is used. */
  private static final Pattern GRAPHS = Pattern.compile("CUDA graphs|pinned");

  private static final int WARM_UP_CALLERS = 16;

  private final CheckPlan plan;
  private final PrintWriter out;
  private final Children children;
  private final ClassPathProgram program;
  private int faults;

  Check(CheckPlan plan, Children children, PrintWriter out) {
    this.plan = plan;
    this.out = out;
    this.children = children;
    this.program = new ClassPathProgram(children);
  }

  /** Returns how many comparisons failed. */
  int run() throws IOException, InterruptedException {
    Path folder = children.folder();
    List<CheckedModel> measured = CheckedModel.write(folder, plan.gpu().isEmpty());
    List<CheckedModel> all = new ArrayList<>(measured);
    all.addAll(CheckedModel.writeOthers(folder));
    if (plan.demoModels().isPresent()) {
      all.addAll(CheckedModel.of(plan.demoModels().get()));
    }
    List<String> settings =
        List.of("device: " + plan.device(), "max_batch_size: 128", "replicas: " + REPLICAS);
    Path repository = CheckedModel.repository(folder.resolve("repository"), all, settings);
    try (Gateway gateway = program.serve("gateway", repository, plan.gatewayFlags())) {
      gateway.child().printed(GRAPHS).forEach(out::println);
      out.println("\n## Correctness\n");
      for (CheckedModel model : all) {
        compare(model, gateway.address());
      }
      for (CheckedModel model : measured) {
        measure(model, gateway.address());
      }
    }
    new FailingGpu(plan, program, out).run(folder, measured.getLast());
    return faults;
  }

  private void compare(CheckedModel model, InetSocketAddress address) throws IOException {
    try (BareModel processor = BareModel.open(model.file(), Optional.empty());
        ServedModel served = new ServedModel(model.name(), address)) {
      List<BareModel.Input> inputs = processor.inputs(COMPARED_ROWS, model.length());
      List<float[]> expected = processor.answer(COMPARED_ROWS, model.length());
      compareSizes(model, inputs, expected, served);
      if (plan.gpu().isPresent()) {
        try (BareModel gpu = BareModel.open(model.file(), plan.gpu())) {
          List<float[]> actual = gpu.answer(COMPARED_ROWS, model.length());
          tell(model, "bare GPU", Differences.largest(expected, actual), COMPARED_ROWS);
        }
      } else {
        out.println(model.name() + ": not compared with a GPU, there is none");
      }
    }
  }

  /** Each number of rows is another size of batch, which may be run by another graph. */
  private void compareSizes(
      CheckedModel model, List<BareModel.Input> inputs, List<float[]> expected, ServedModel served)
      throws IOException {
    double worst = 0;
    int worstRows = 1;
    for (int rows = 1; rows <= COMPARED_ROWS; rows++) {
      FirstRows first = new FirstRows(rows, COMPARED_ROWS);
      List<float[]> actual = served.answer(first.ofInputs(inputs));
      double difference = Differences.largest(first.ofOutputs(expected), actual);
      if (difference > worst) {
        worst = difference;
        worstRows = rows;
      }
    }
    tell(model, "served", worst, worstRows);
  }

  private void tell(CheckedModel model, String what, double difference, int rows) {
    boolean isRight = difference <= TOLERANCE;
    faults += isRight ? 0 : 1;
    out.printf(
        Locale.ROOT,
        "%s: %s differs from the bare processor by %.1e of the largest element (%d rows): %s%n",
        model.name(),
        what,
        difference,
        rows,
        isRight ? "right" : "WRONG (expected %.0e at most)".formatted(TOLERANCE));
  }

  /** A batch of so many rows, bare; so many callers of one row each, served. */
  private void measure(CheckedModel model, InetSocketAddress address)
      throws IOException, InterruptedException {
    out.printf(
        "%n## %s on %s%n%n", model.name(), plan.gpu().map(n -> "gpu:" + n).orElse("one core"));
    out.println("| rows, callers | bare us/run | bare rows/s | served rows/s | served median us |");
    out.println("|---:|---:|---:|---:|---:|");
    double added = Double.NaN;
    double inTurn;
    try (BareModel bare = BareModel.open(model.file(), plan.gpu());
        ServedModel served = new ServedModel(model.name(), address)) {
      List<BareModel.Input> row = bare.inputs(1, model.length());
      served.measure(row, WARM_UP_CALLERS, plan.warmUpMillis());
      for (int size : plan.sizes()) {
        OrtRun run = bare.measure(size, model.length(), plan.millis());
        ServedModel.Seen seen = served.measure(row, size, plan.millis());
        added = Double.isNaN(added) ? seen.medianMicros() - run.microsPerRun() : added;
        out.printf(
            Locale.ROOT,
            "| %d | %.0f | %.0f | %.0f | %.0f |%n",
            size,
            run.microsPerRun(),
            run.rowsPerSecond(),
            seen.rowsPerSecond(),
            seen.medianMicros());
        out.flush();
      }
      inTurn = bare.measureInTurn(IN_TURN, model.length(), plan.millis());
    }
    out.printf(Locale.ROOT, "%nbare, 3 to 8 rows in turn: %.0f us/run", inTurn);
    out.printf(Locale.ROOT, "%nadded latency of a row alone: %.0f us%n", added);
    if (plan.gpu().isEmpty()) {
      out.println("(of programs that began seconds ago, on small models: no measurement)");
    }
  }
}
