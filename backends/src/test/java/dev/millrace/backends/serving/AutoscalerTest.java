// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.deployment.Autoscaling;
import dev.millrace.backends.deployment.DeploymentSpec;
import dev.millrace.backends.deployment.DeploymentStore;
import dev.millrace.backends.deployment.Deployments;
import dev.millrace.backends.deployment.Event;
import dev.millrace.backends.deployment.EventLog;
import dev.millrace.backends.deployment.UpdateStrategy;
import dev.millrace.backends.gate.MetricSource;
import dev.millrace.backends.repository.VersionSelector;
import dev.millrace.batching.Fairness;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The autoscaler, stepped by hand, over a version whose runs last until a test lets them end. */
@Timeout(30)
class AutoscalerTest {
  private static final long HALF_A_SECOND = 500_000_000;

  private static final long RUN_NANOS = 200_000_000;

  /** Kept in memory. */
  static final DeploymentStore MEMORY =
      new DeploymentStore() {
        @Override
        public List<Stored> load() {
          return List.of();
        }

        @Override
        public void save(Stored stored) {}

        @Override
        public void delete(String name) {}
      };

  private final AtomicLong now = new AtomicLong(1);
  private final ScriptedBackend backend = new ScriptedBackend();
  private final ListedRepository repository = new ListedRepository();
  private final Routes routes = new Routes(() -> {});
  private final EventLog events = new EventLog(InstantSource.system());
  private final Deployments declared = new Deployments(MEMORY, events, InstantSource.system());
  private final Autoscaler autoscaler = new Autoscaler(declared, routes, events, 64);
  private final CountDownLatch running = new CountDownLatch(1);
  private final CountDownLatch end = new CountDownLatch(1);
  private final Reconciler reconciler =
      new Reconciler(
          repository,
          List.of(backend),
          routes,
          declared,
          false,
          Chosen.all(),
          MemoryLedger.unlimited(),
          TimeUnit.SECONDS.toNanos(10),
          Inlining.OFF,
          Fairness.NONE,
          MetricSource.NONE,
          now::get);

  @BeforeEach
  void deploy() throws Exception {
    backend.script =
        values -> {
          if (values.contains(0)) {
            now.addAndGet(RUN_NANOS); // a warm-up's, from which it is learned what runs take
          } else {
            running.countDown();
            awaitEnd();
          }
          return values;
        };
    repository.put("m", 1, "a");
    reconciler.start(0, TimeUnit.DAYS.toNanos(1));
    declared.apply(
        new DeploymentSpec(
            "m",
            "m",
            List.of(new DeploymentSpec.Target(new VersionSelector.Exactly(1), 100)),
            0,
            Autoscaling.between(1, 4),
            UpdateStrategy.ALL_AT_ONCE,
            "",
            Map.of(),
            Optional.empty(),
            "",
            ""),
        0,
        false,
        "test");
    await().until(() -> routes.ready("m").size() == 1);
  }

  private void awaitEnd() {
    try {
      end.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @AfterEach
  void close() {
    end.countDown();
    autoscaler.close();
    reconciler.close();
    assertThat(backend.openRunners).hasValue(0);
  }

  private ServedVersion served() {
    return routes.ready("m").getFirst();
  }

  /** More than one replica takes at a time, and more each time. */
  private void overload() throws Exception {
    for (int i = 0; i < 40; i++) {
      assertThat(served().acquire()).isTrue();
      RecordedTask.submit(served(), Long.MAX_VALUE, 1 + i);
    }
    running.await();
    now.addAndGet(HALF_A_SECOND);
    autoscaler.look();
  }

  private List<Event> changes() {
    return events.kept().stream().filter(e -> e.kind() == Event.Kind.AUTOSCALED).toList();
  }

  @Test
  void runsThatGoOnAreLoad() throws Exception {
    for (int i = 0; i < 4 && changes().isEmpty(); i++) {
      overload();
    }

    assertThat(served().replicaCount()).isEqualTo(2);
    assertThat(changes()).singleElement().extracting(Event::before).isEqualTo("version 1: 1");
    assertThat(changes().getFirst().after()).startsWith("2, load for ");
  }

  @Test
  void whatCannotBeAddedIsAnEventWithItsFailureAndNotTriedAgainAtOnce() throws Exception {
    backend.refuseRunners = true;
    for (int i = 0; i < 20; i++) {
      overload();
    }

    assertThat(served().replicaCount()).isEqualTo(1);
    assertThat(changes()).singleElement().extracting(Event::failure).asString().contains("told to");
  }

  @Test
  void whereNothingIsDeclaredNothingHappens() throws Exception {
    declared.scale("m", 1, "test");
    for (int i = 0; i < 10; i++) {
      overload();
    }

    assertThat(changes()).isEmpty();
  }
}
