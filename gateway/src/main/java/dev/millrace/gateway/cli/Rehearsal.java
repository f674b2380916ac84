// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import com.google.protobuf.util.Durations;
import dev.millrace.admin.client.AdminClient;
import dev.millrace.admin.client.Outcome;
import dev.millrace.proto.admin.v1.Deployment;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import dev.millrace.proto.admin.v1.Gates;
import dev.millrace.proto.admin.v1.UpdateStrategy;
import dev.millrace.proto.inference.ModelInferRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Changes of a deployment, again and again, with a few requests between them: what a gateway's
 * compiler learns of them is kept with the recorded start, so that the first changes of any gateway
 * cost what the hundredth would. They are made while it answers requests, which want the processor
 * too.
 */
final class Rehearsal {
  static final String NAME = "rehearsal";

  /** So many that most of what a change runs is compiled by then. */
  static final int SWAPS = 60;

  private static final int SWAPS_BETWEEN_OTHERS = 10;
  private static final int REPLICAS = 4;
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final UpdateStrategy AT_ONCE = UpdateStrategy.getDefaultInstance();

  /** Long enough to be looked at. */
  private static final UpdateStrategy BY_STEPS =
      UpdateStrategy.newBuilder()
          .addSteps(50)
          .setBake(Durations.fromMillis(100))
          .setGates(Gates.newBuilder().setMaxErrorRate(0.5).setMaxP99Ratio(100).setMinRequests(5))
          .build();

  private final AdminClient admin;
  private final InferenceClient client;
  private final List<ModelInferRequest> requests;

  /**
   * @param requests to a model; they are sent to copies of it
   */
  Rehearsal(AdminClient admin, InferenceClient client, List<ModelInferRequest> requests) {
    this.admin = admin;
    this.client = client;
    this.requests =
        requests.stream().map(request -> request.toBuilder().setModelName(NAME).build()).toList();
  }

  /** Makes the changes, and leaves the deployment and its two versions behind. */
  void run(Path onnx, int swaps) throws IOException, InterruptedException {
    long[] versions = {
      admin.push(NAME, onnx).getVersion(), admin.push(NAME, onnx, "newest").getVersion()
    };
    declare(versions[1], AT_ONCE);
    check(admin.awaitReady(NAME, PATIENCE));
    for (int swap = 0; swap < swaps; swap++) {
      boolean isOther = swap % SWAPS_BETWEEN_OTHERS == SWAPS_BETWEEN_OTHERS - 1;
      declare(versions[swap % 2], isOther ? BY_STEPS : AT_ONCE);
      check(askUntilReady());
      if (isOther) {
        admin.scale(NAME, REPLICAS);
        admin.scale(NAME, 1);
      }
    }
  }

  private void declare(long version, UpdateStrategy update) {
    admin.apply(
        DeploymentSpec.newBuilder()
            .setName(NAME)
            .setVersion(Long.toString(version))
            .setReplicas(1)
            .setUpdate(update)
            .build());
  }

  /** A version that gets requests step by step has to get some. */
  private Outcome askUntilReady() {
    long begin = System.nanoTime();
    while (true) {
      requests.forEach(request -> client.call().modelInfer(request));
      Deployment seen = admin.deployment(NAME);
      Optional<Outcome> outcome = Outcome.of(seen);
      if (outcome.isPresent() || System.nanoTime() - begin > PATIENCE.toNanos()) {
        return outcome.orElse(new Outcome.TimedOut(seen));
      }
    }
  }

  private static void check(Outcome outcome) throws IOException {
    if (!(outcome instanceof Outcome.Ready)) {
      throw new IOException("a change did not come off: " + outcome);
    }
  }
}
