// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.batching.cost.RunsInFlight;
import org.junit.jupiter.api.Test;

class CrewTest {
  private static final long MILLIS = 1_000_000;
  private static final long NOW = 1_000_000 * MILLIS;

  private final Crew crew = new Crew(new RunsInFlight());

  private Batch<TestItem> member() {
    Batch<TestItem> batch = new Batch<>();
    crew.join(batch);
    return batch;
  }

  @Test
  void countsOneReplicaBeforeAnyHasCome() {
    crew.look(NOW);

    assertThat(crew.serving()).isEqualTo(1);
    assertThat(crew.busy()).isZero();
    assertThat(crew.freeNanos(0)).isZero();
  }

  @Test
  void countsWhoHasComeOnce() {
    Batch<TestItem> batch = member();
    crew.join(batch);
    member();
    crew.look(NOW);

    assertThat(crew.serving()).isEqualTo(2);

    crew.leave(batch);
    crew.look(NOW);
    assertThat(crew.serving()).isEqualTo(1);
  }

  @Test
  void knowsWhoRunsAndWhenTheyAreFreeInOrder() {
    member();
    member().taken(NOW - MILLIS, 9 * MILLIS);
    member().taken(NOW - MILLIS, 3 * MILLIS);
    crew.look(NOW);

    assertThat(crew.busy()).isEqualTo(2);
    assertThat(crew.serving()).isEqualTo(3);
    assertThat(crew.busyUntilNanos(0)).isEqualTo(NOW + 2 * MILLIS);
    assertThat(crew.busyUntilNanos(1)).isEqualTo(NOW + 8 * MILLIS);
    assertThat(crew.freeNanos(0)).isZero();
    assertThat(crew.freeNanos(1)).isEqualTo(NOW + 2 * MILLIS);
    assertThat(crew.freeNanos(2)).isEqualTo(NOW + 8 * MILLIS);
  }

  @Test
  void whoIsBackIsIdle() {
    Batch<TestItem> batch = member();
    batch.taken(NOW, MILLIS);
    batch.isBack();
    crew.look(NOW);

    assertThat(crew.busy()).isZero();
  }

  @Test
  void whoHangsIsNotCountedOnUntilItIsBack() {
    member();
    Batch<TestItem> hanging = member();
    hanging.taken(NOW, 50 * MILLIS);

    crew.look(NOW + 150 * MILLIS);
    assertThat(crew.serving()).isEqualTo(2);

    crew.look(NOW + 1000 * MILLIS);
    assertThat(crew.serving()).isEqualTo(1);
    assertThat(crew.busy()).isZero();

    hanging.isBack();
    crew.look(NOW + 1001 * MILLIS);
    assertThat(crew.serving()).isEqualTo(2);
  }

  @Test
  void aShortPauseIsNoHang() {
    member().taken(NOW, 1000);

    crew.look(NOW + 50 * MILLIS);

    assertThat(crew.serving()).isEqualTo(1);
    assertThat(crew.busy()).isEqualTo(1);
  }

  @Test
  void oneIsCountedEvenIfAllHang() {
    member().taken(NOW, MILLIS);
    member().taken(NOW, MILLIS);

    crew.look(NOW + 10_000 * MILLIS);

    assertThat(crew.serving()).isEqualTo(1);
    assertThat(crew.busy()).isZero();
    assertThat(crew.freeNanos(0)).isZero();
  }

  @Test
  void moreThanItHasRoomForAreServedAsFarAsThereIs() {
    for (int i = 0; i < Crew.MOST_MEMBERS + 10; i++) {
      member().taken(NOW, MILLIS);
    }
    crew.look(NOW);

    assertThat(crew.serving()).isEqualTo(Crew.MOST_MEMBERS);
    assertThat(crew.busy()).isEqualTo(Crew.MOST_MEMBERS);
    assertThat(crew.freeNanos(Crew.MOST_MEMBERS - 1)).isEqualTo(NOW + MILLIS);
  }
}
