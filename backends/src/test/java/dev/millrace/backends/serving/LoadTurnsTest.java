// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.threads.ThreadNiceness;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@Timeout(30)
class LoadTurnsTest {
  private final LoadTurns turns = new LoadTurns();
  private final List<String> loaded = new CopyOnWriteArrayList<>();

  @AfterEach
  void stops() {
    turns.stop();
  }

  private void ready(LoadTurns.Turn turn, String what) {
    turns.ready(turn, () -> loaded.add(what));
  }

  private void awaitLoaded(String... all) {
    await().untilAsserted(() -> assertThat(loaded).containsExactly(all));
  }

  /** What is ready meanwhile is chosen from when it ends. */
  private CountDownLatch occupy() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch end = new CountDownLatch(1);
    turns.ready(
        turns.enter("occupied"),
        () -> {
          begun.countDown();
          try {
            end.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    begun.await();
    return end;
  }

  @Test
  void whatIsNotFetchedHoldsNoOtherNameUp() {
    turns.enter("a");

    ready(turns.enter("b"), "b1");

    awaitLoaded("b1");
  }

  @Test
  void ofThoseThatAreFetchedTheOneGoesFirstThatWasAskedForFirst() throws Exception {
    LoadTurns.Turn first = turns.enter("a");
    LoadTurns.Turn second = turns.enter("b");
    CountDownLatch end = occupy();
    ready(second, "b1");
    ready(first, "a1");

    end.countDown();

    awaitLoaded("a1", "b1");
  }

  @Test
  void versionsOfOneNameKeepTheirOrder() {
    LoadTurns.Turn stable = turns.enter("a");
    ready(turns.enter("a"), "a2");
    ready(turns.enter("b"), "b1");
    awaitLoaded("b1");

    ready(stable, "a1");

    awaitLoaded("b1", "a1", "a2");
  }

  @Test
  void whatCouldNotBeFetchedIsWaitedForNoLonger() {
    LoadTurns.Turn stable = turns.enter("a");
    ready(turns.enter("a"), "a2");

    turns.leave(stable);

    awaitLoaded("a2");
  }

  @Test
  void whoIsReadyAfterTheEndIsToldAtOnce() throws Exception {
    LoadTurns.Turn stable = turns.enter("a");
    ready(turns.enter("a"), "a2");
    turns.stop();
    assertThat(turns.await(TimeUnit.SECONDS.toNanos(10))).isTrue();

    turns.leave(stable);

    assertThat(loaded).containsExactly("a2");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void loadsGiveWayOnceTheyAreToldToAndNotBefore() throws Exception {
    int mine = ThreadNiceness.mine();

    int atStart = nicenessOfALoad();
    turns.giveWay();

    assertThat(atStart).isEqualTo(mine);
    assertThat(nicenessOfALoad()).isEqualTo(Math.min(19, mine + 10));
  }

  private int nicenessOfALoad() throws Exception {
    FutureTask<Integer> load = new FutureTask<>(ThreadNiceness::mine);
    turns.ready(turns.enter("a"), load);
    return load.get();
  }
}
