// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.changes;

import com.google.protobuf.Duration;
import dev.millrace.admin.client.AdminClient;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import dev.millrace.proto.admin.v1.Event;
import dev.millrace.proto.admin.v1.Gates;
import dev.millrace.proto.admin.v1.UpdateStrategy;
import java.io.IOException;
import java.nio.file.Path;

/** The deployment that is changed, by one thread. Each change says what it took. */
final class ChangedDeployment implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 60;
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  // far from chance, and far below what the slow version takes
  private static final double MAX_P99_RATIO = 3;
  private static final double MAX_ERROR_RATE = 0.01;
  private static final int MIN_REQUESTS = 30;

  private final AdminClient admin;
  private final RolloutEnds ends;
  private int replicas = 1;
  private long version;

  ChangedDeployment(AdminClient admin) {
    this.admin = admin;
    this.ends = new RolloutEnds(admin, ChangeModels.NAME);
  }

  void push(Path onnx) throws IOException, InterruptedException {
    admin.push(ChangeModels.NAME, onnx);
  }

  /** Of the two good versions the one that does not serve. */
  long other() {
    return version == 1 ? 2 : 1;
  }

  int replicas() {
    return replicas;
  }

  /** Until the other version serves alone. */
  long swap(long to) throws IOException, InterruptedException {
    long begin = System.nanoTime();
    Event end = declare(to, UpdateStrategy.getDefaultInstance());
    if (!end.getFailure().isEmpty()) {
      throw new IOException("version %d: %s".formatted(to, end.getFailure()));
    }
    version = to;
    return System.nanoTime() - begin;
  }

  CanaryResult canary(long to, boolean isGood, double bakeSeconds)
      throws IOException, InterruptedException {
    long begin = System.nanoTime();
    Event end =
        declare(
            to,
            UpdateStrategy.newBuilder()
                .addSteps(20)
                .addSteps(50)
                .setBake(duration(bakeSeconds))
                .setGates(
                    Gates.newBuilder()
                        .setMaxErrorRate(MAX_ERROR_RATE)
                        .setMaxP99Ratio(MAX_P99_RATIO)
                        .setMinRequests(MIN_REQUESTS))
                .build());
    boolean isDone = end.getKind().equals("rollout-done");
    if (isDone) {
      version = to;
    }
    return new CanaryResult(isGood, isDone, end.getFailure(), System.nanoTime() - begin);
  }

  private static Duration duration(double seconds) {
    long nanos = ChangesPlan.nanos(seconds);
    return Duration.newBuilder()
        .setSeconds(nanos / NANOS_PER_SECOND)
        .setNanos((int) (nanos % NANOS_PER_SECOND))
        .build();
  }

  private Event declare(long to, UpdateStrategy update) throws IOException, InterruptedException {
    admin.apply(
        DeploymentSpec.newBuilder()
            .setName(ChangeModels.NAME)
            .setVersion(Long.toString(to))
            .setReplicas(replicas)
            .setUpdate(update)
            .build());
    return ends.await(to, PATIENCE_SECONDS);
  }

  /** Until so many replicas are there. */
  long scale(int to) {
    long begin = System.nanoTime();
    admin.scale(ChangeModels.NAME, to);
    replicas = to;
    return System.nanoTime() - begin;
  }

  @Override
  public void close() {
    ends.close();
  }
}
