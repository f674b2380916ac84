// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.deployment.Autoscaling;
import dev.millrace.backends.deployment.Event;
import java.util.List;
import java.util.concurrent.CountDownLatch;
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

  private final AtomicLong now = new AtomicLong(1);
  private final TestDeployments deployments =
      new TestDeployments(TestDeployments.oneModel(), now::get);
  private final Autoscaler autoscaler =
      new Autoscaler(deployments.declared, deployments.routes, deployments.events, 64);
  private final CountDownLatch running = new CountDownLatch(1);
  private final CountDownLatch end = new CountDownLatch(1);

  @BeforeEach
  void deploy() throws Exception {
    deployments.backend.script =
        values -> {
          if (values.contains(0)) {
            now.addAndGet(RUN_NANOS); // a warm-up's, from which it is learned what runs take
          } else {
            running.countDown();
            awaitEnd();
          }
          return values;
        };
    deployments.start();
    deployments.apply("m", "m", Autoscaling.between(1, 4), "");
    await().until(() -> deployments.routes.ready("m").size() == 1);
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
    deployments.close();
    assertThat(deployments.backend.openRunners).hasValue(0);
  }

  private ServedVersion served() {
    return deployments.routes.ready("m").getFirst();
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
    return deployments.events.kept().stream()
        .filter(e -> e.kind() == Event.Kind.AUTOSCALED)
        .toList();
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
    deployments.backend.refuseRunners = true;
    for (int i = 0; i < 20; i++) {
      overload();
    }

    assertThat(served().replicaCount()).isEqualTo(1);
    assertThat(changes()).singleElement().extracting(Event::failure).asString().contains("told to");
  }

  @Test
  void whereNothingIsDeclaredNothingHappens() throws Exception {
    deployments.declared.scale("m", 1, "test");
    for (int i = 0; i < 10; i++) {
      overload();
    }

    assertThat(changes()).isEmpty();
  }
}
