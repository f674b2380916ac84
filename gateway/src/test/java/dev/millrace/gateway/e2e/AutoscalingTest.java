// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.util.Durations;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.proto.admin.v1.ApplyDeploymentRequest;
import dev.millrace.proto.admin.v1.Autoscale;
import dev.millrace.proto.admin.v1.Deployment;
import dev.millrace.proto.admin.v1.DeploymentServiceGrpc;
import dev.millrace.proto.admin.v1.DeploymentServiceGrpc.DeploymentServiceBlockingStub;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import dev.millrace.proto.admin.v1.Event;
import dev.millrace.proto.admin.v1.EventServiceGrpc;
import dev.millrace.proto.admin.v1.GetDeploymentRequest;
import dev.millrace.proto.admin.v1.ScaleDeploymentRequest;
import dev.millrace.proto.admin.v1.WatchEventsRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Replicas that follow the load of a model that takes 20 ms a request and can be batched by none.
 */
@Timeout(90)
class AutoscalingTest {
  private static final Duration SECONDS = Duration.ofSeconds(10);

  private static final String SLOW = "delay_micros_per_batch = 20000\nunbatched = told so\n";

  @TempDir private Path folder;
  private TestGateway gateway;

  @BeforeEach
  void start() {
    gateway =
        TestGateway.over(folder)
            .echo("echo", "slow", SLOW)
            .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
            .start();
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private DeploymentServiceBlockingStub deployments() {
    return DeploymentServiceGrpc.newBlockingStub(gateway.channel())
        .withDeadlineAfter(TestGateway.PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private void apply(Autoscale.Builder bounds) {
    DeploymentSpec.Builder spec =
        DeploymentSpec.newBuilder().setName("scaled").setModel("slow").setAutoscale(bounds);
    deployments().applyDeployment(ApplyDeploymentRequest.newBuilder().setSpec(spec).build());
    await().atMost(TestGateway.PATIENCE).until(() -> replicas() > 0);
  }

  private static Autoscale.Builder bounds(int min, int max) {
    return Autoscale.newBuilder().setMin(min).setMax(max).setDownAfter(Durations.fromSeconds(1));
  }

  private Deployment get() {
    return deployments().getDeployment(GetDeploymentRequest.newBuilder().setName("scaled").build());
  }

  private void write(String path, String content) {
    TestGateway.write(gateway.repository().resolve(path), content.getBytes(StandardCharsets.UTF_8));
  }

  private int replicas() {
    List<Integer> replicas = new ArrayList<>();
    get().getStatus().getVersionsList().forEach(version -> replicas.add(version.getReplicas()));
    return replicas.stream().mapToInt(r -> r).max().orElse(0);
  }

  private List<Event> changes() {
    List<Event> changes = new ArrayList<>();
    EventServiceGrpc.newBlockingStub(gateway.channel())
        .watchEvents(WatchEventsRequest.newBuilder().setSubject("scaled").build())
        .forEachRemaining(event -> changes.add(event));
    changes.removeIf(event -> !event.getKind().equals("autoscaled"));
    return changes;
  }

  /** So many callers, each with one request after the other; a failure of one fails the test. */
  private void under(int callers, Runnable test) {
    AtomicBoolean stop = new AtomicBoolean();
    try (ExecutorService threads = Executors.newFixedThreadPool(callers)) {
      List<Future<?>> calls = new ArrayList<>();
      for (int i = 0; i < callers; i++) {
        calls.add(threads.submit(() -> call(stop)));
      }
      try {
        test.run();
      } finally {
        stop.set(true);
      }
      for (Future<?> call : calls) {
        assertThat(call).succeedsWithin(TestGateway.PATIENCE);
      }
    }
  }

  private void call(AtomicBoolean stop) {
    while (!stop.get()) {
      gateway.infer(Tensor.request("scaled", Tensor.rows(1, 1)));
    }
  }

  @Test
  void replicasRiseWithTheLoadAndFallWhenItEndsAndNoRequestFails() {
    apply(bounds(1, 4));
    assertThat(replicas()).isEqualTo(1);

    under(8, () -> await().atMost(SECONDS).until(() -> replicas() == 4));
    under(1, () -> await().atMost(TestGateway.PATIENCE).until(() -> replicas() <= 2));
    await().atMost(TestGateway.PATIENCE).until(() -> replicas() == 1);

    List<Event> changes = changes();
    assertThat(changes).hasSizeBetween(4, 8);
    assertThat(changes.getFirst().getOldValue()).isEqualTo("version 1: 1");
    assertThat(changes.getFirst().getNewValue()).matches("2, (load for|requests wait) .*");
    assertThat(changes).allMatch(event -> event.getActor().equals("gateway"));
  }

  @Test
  void aNewVersionBeginsWithWhatTheLoadHasMadeOfTheOneBefore() {
    apply(bounds(1, 4));
    under(8, () -> await().atMost(SECONDS).until(() -> replicas() == 4));
    write("slow/2/model.echo", SLOW);

    apply(bounds(2, 4));
    await().atMost(TestGateway.PATIENCE).until(() -> get().toString().contains("version: 2"));
    assertThat(replicas()).isGreaterThan(1);
  }

  @Test
  void whileAModelIsLoadedTheOthersReplicasFollowTheirLoad() {
    apply(bounds(1, 4));
    write("other/model.yaml", "backend: echo");
    write("other/1/model.echo", "load_delay_millis = 10000");
    deployments()
        .applyDeployment(
            ApplyDeploymentRequest.newBuilder()
                .setSpec(DeploymentSpec.newBuilder().setName("other"))
                .build());

    under(8, () -> await().atMost(SECONDS).until(() -> replicas() == 4));
    assertThat(gateway.index("other", "1")).get().asString().contains("LOADING");
  }

  @Test
  void whatIsWrongWithTheBoundsIsSaid() {
    assertThatThrownBy(
            () ->
                deployments()
                    .applyDeployment(
                        ApplyDeploymentRequest.newBuilder()
                            .setSpec(
                                DeploymentSpec.newBuilder()
                                    .setName("scaled")
                                    .setReplicas(2)
                                    .setAutoscale(
                                        bounds(-1, 99).setDownAfter(Durations.fromMillis(1))))
                            .build()))
        .hasMessageContaining("INVALID_ARGUMENT")
        .hasMessageContaining("replicas: 2 (expected none beside autoscale)")
        .hasMessageContaining("autoscale.min: -1 (expected 0 to 64)")
        .hasMessageContaining("autoscale.max: 99 (expected 1 to 64)")
        .hasMessageContaining("autoscale.down_after: 0.001s (expected 1s to 1 day)");
    apply(bounds(1, 2));
    assertThatThrownBy(() -> scale(bounds(3, 2))).hasMessageContaining("max: 2 (expected 3 to 64)");
    assertThatThrownBy(() -> scale(bounds(1, 2), 1))
        .hasMessageContaining("replicas: 1 (expected none beside autoscale)");
  }

  @Test
  void boundsAreKeptAndTheTimeToGoDownStaysAsItWas() {
    apply(bounds(2, 4));

    scale(Autoscale.newBuilder().setMax(3));
    assertThat(get().getSpec().getAutoscale()).isEqualTo(bounds(1, 3).build());
    gateway.close();
    start();
    await().atMost(TestGateway.PATIENCE).until(() -> replicas() == 1);
    assertThat(get().getSpec().getAutoscale()).isEqualTo(bounds(1, 3).build());
  }

  private void scale(Autoscale.Builder bounds) {
    scale(bounds, 0);
  }

  private void scale(Autoscale.Builder bounds, int replicas) {
    deployments()
        .scaleDeployment(
            ScaleDeploymentRequest.newBuilder()
                .setName("scaled")
                .setReplicas(replicas)
                .setAutoscale(bounds)
                .build());
  }

  @Test
  void theBoundsAreMetricsAndANumberEndsThem() {
    apply(bounds(2, 3));
    assertThat(replicas()).isEqualTo(2);
    assertThat(gateway.metrics().sum("millrace_autoscale_min_replicas")).isEqualTo(2);
    assertThat(gateway.metrics().sum("millrace_autoscale_max_replicas")).isEqualTo(3);

    deployments()
        .scaleDeployment(
            ScaleDeploymentRequest.newBuilder().setName("scaled").setReplicas(1).build());
    assertThat(replicas()).isEqualTo(1);
    assertThat(get().getSpec().hasAutoscale()).isFalse();
    assertThat(gateway.metrics().sum("millrace_autoscale_max_replicas")).isZero();
    deployments()
        .scaleDeployment(
            ScaleDeploymentRequest.newBuilder()
                .setName("scaled")
                .setAutoscale(bounds(3, 4))
                .build());
    assertThat(replicas()).isEqualTo(3);
  }
}
