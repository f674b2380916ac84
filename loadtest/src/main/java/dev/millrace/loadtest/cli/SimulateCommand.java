// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.report.SimulationText;
import dev.millrace.loadtest.simulator.Capacity;
import dev.millrace.loadtest.simulator.SimResult;
import dev.millrace.loadtest.simulator.Simulation;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code millrace simulate}: what a scheduler makes of a load, in virtual time. */
@Command(
    name = "simulate",
    description = {
      "Says what latency and goodput a load would have, without a server and without the hardware: "
          + "the gateway's own queue and policy run in virtual time on a curve of run times.",
      "",
      "What it leaves out: the network, decoding, and that replicas disturb each other."
    },
    abbreviateSynopsis = true,
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {
      "  millrace simulate --model-curve linear:5070,1050 --rate 1500 --slo 25ms --replicas 4",
      "  millrace simulate --model-curve curves.json --slo 25ms --rate 4000 --find-replicas",
      "  millrace simulate --model-curve linear:5070,1050 --slo 25ms --replicas 8 --find-rate",
      "  millrace simulate --model-curve linear:5070,1050 --slo 25ms --rate 1500 --replicas 4 \\",
      "      --scheduler triton --noise 10%%"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:it was simulated",
      "1:what was to be found does not exist",
      "2:the arguments are wrong; standard error lists all of it"
    })
final class SimulateCommand implements Callable<Integer> {
  private static final List<Double> LOADS = List.of(0.5, 0.75, 1.0, 1.25, 1.5);
  private static final double ON_TIME = 0.99;
  private static final double TOLERANCE = 0.002;

  private final PrintWriter out;
  private final PrintWriter err;

  @Mixin private final SimulateFlags flags = new SimulateFlags();

  SimulateCommand(Shell shell) {
    this.out = shell.out();
    this.err = shell.err();
  }

  @Override
  public Integer call() {
    SimulatePlan plan = new SimulateReader(flags).read();
    if (flags.findRate) {
      return findRate(plan);
    }
    if (flags.findReplicas) {
      return findReplicas(plan);
    }
    SimResult result = run(plan, plan.rate(), plan.replicas());
    out.println(SimulationText.sentence(result));
    SimulationText.losses(result).forEach(out::println);
    table(plan, plan.rate(), plan.replicas());
    return 0;
  }

  private int findRate(SimulatePlan plan) {
    double guess =
        Capacity.saturatedRate(plan.service(), plan.replicas(), plan.maxBatch(), plan.sloNanos());
    double rate =
        new Capacity(r -> List.of(plan.at(r, plan.replicas())), ON_TIME)
            .find(guess, TOLERANCE, plan.scheduler());
    if (rate == 0) {
      err.printf(
          "no rate has 99 %% in time: one request takes %s, the deadline is %s%n",
          SimulationText.time(plan.service().nanos(0, 1)), SimulationText.time(plan.sloNanos()));
      return CommandLineInterface.FAILED;
    }
    out.printf(
        "%s is the highest rate with 99 %% within %s, by %s on %s%n",
        SimulationText.rate(rate),
        SimulationText.time(plan.sloNanos()),
        plan.schedulerName(),
        replicas(plan.replicas()));
    table(plan, rate, plan.replicas());
    return 0;
  }

  private int findReplicas(SimulatePlan plan) {
    SimResult before = null;
    for (int n = 1; n <= SimulateReader.MAX_REPLICAS; n++) {
      SimResult result = run(plan, plan.rate(), n);
      if (result.shareOnTime() >= ON_TIME) {
        out.printf(
            "%s: %.2f %% within %s%s%n",
            replicas(n),
            100 * result.shareOnTime(),
            SimulationText.time(plan.sloNanos()),
            before == null ? "" : ", with one less %.2f %%".formatted(100 * before.shareOnTime()));
        table(plan, plan.rate(), n);
        return 0;
      }
      before = result;
    }
    err.printf("not even %d replicas have 99 %% in time%n", SimulateReader.MAX_REPLICAS);
    return CommandLineInterface.FAILED;
  }

  /** The loads around the one that was asked about, if it has a rate that can be varied. */
  private void table(SimulatePlan plan, double rate, int replicas) {
    List<SimResult> results = new ArrayList<>();
    if (plan.arrivals().isRated()) {
      LOADS.forEach(load -> results.add(run(plan, load * rate, replicas)));
    } else {
      results.add(run(plan, rate, replicas));
    }
    out.println();
    SimulationText.table(results).forEach(out::println);
    out.flush();
  }

  private static SimResult run(SimulatePlan plan, double rate, int replicas) {
    return Simulation.run(plan.at(rate, replicas), plan.scheduler());
  }

  private static String replicas(int n) {
    return n == 1 ? "1 replica" : n + " replicas";
  }
}
