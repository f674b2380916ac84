// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.backends.shadow.Comparisons;
import dev.millrace.backends.shadow.Tolerance;
import dev.millrace.batching.Fairness;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two versions of one model, of which the second runs copies of what the first has answered. */
@Timeout(30)
class MirrorTest {
  private static final long NEVER = Long.MAX_VALUE;
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private final ScriptedBackend stable = new ScriptedBackend();
  private final ScriptedBackend other = new ScriptedBackend();
  private final AtomicLong ahead = new AtomicLong();
  private final CountDownLatch gate = new CountDownLatch(1);
  private final List<Mirror> mirrors = new ArrayList<>();
  private ServedVersion answering;
  private ServedVersion shadow;

  @BeforeEach
  void load() throws Exception {
    answering = load(stable, 1);
    shadow = load(other, 2);
  }

  private ServedVersion load(ScriptedBackend backend, long version) throws Exception {
    ModelManifest manifest =
        new ModelManifest(
            ScriptedBackend.NAME,
            "",
            ModelManifest.DEFAULT.versionPolicy(),
            1,
            new ModelManifest.Limits(1000, 1L << 30, 1000, 0),
            ModelManifest.DEFAULT.scheduling(),
            new ModelOptions(OptionalInt.of(8), 1, List.of(), List.of(), Map.of()),
            List.of(),
            true,
            List.of());
    ServedVersion served =
        new Loader(
                Map.of(ScriptedBackend.NAME, backend),
                Inlining.OFF,
                Fairness.NONE,
                new Janitor(RunLimits.DEFAULT, System::nanoTime),
                () -> System.nanoTime() + ahead.get())
            .load(new ModelArtifact("m", version, Path.of("nowhere")), manifest, () -> {});
    backend.batches.clear();
    return served;
  }

  @AfterEach
  void everythingIsFreed() throws Exception {
    gate.countDown();
    mirrors.forEach(Mirror::close);
    for (ServedVersion served : List.of(answering, shadow)) {
      assertThat(served.close(10 * SECOND)).isTrue();
    }
    for (ScriptedBackend backend : List.of(stable, other)) {
      assertThat(backend.openRunners).hasValue(0);
      assertThat(backend.openModels).hasValue(0);
    }
  }

  private Mirror mirror(int percent) {
    Mirror mirror = Mirror.start(answering, shadow, percent, Tolerance.DEFAULT).orElseThrow();
    mirrors.add(mirror);
    answering.mirrorTo(List.of(mirror));
    return mirror;
  }

  private List<Integer> ask(int... values) throws Exception {
    assertThat(answering.acquire()).isTrue();
    return RecordedTask.submit(answering, NEVER, values).answer.get(10, TimeUnit.SECONDS);
  }

  private static Comparisons comparisons(Mirror mirror) {
    return mirror.report().comparisons();
  }

  private static Comparisons awaitCopies(Mirror mirror, int count) {
    await().until(() -> comparisons(mirror).total() + comparisons(mirror).dropped() == count);
    return comparisons(mirror);
  }

  @Test
  void whatTheSameModelAnswersIsTheSame() throws Exception {
    Mirror mirror = mirror(100);

    assertThat(ask(1, 2, 3)).containsExactly(1, 2, 3);

    assertThat(awaitCopies(mirror, 1)).isEqualTo(new Comparisons(1, 0, 0, 0, 0, 0, "", ""));
    assertThat(other.batches).contains(List.of(1, 2, 3));
  }

  @Test
  void eachRequestOfABatchIsComparedWithItsOwnRows() throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    stable.script =
        values -> {
          running.countDown();
          pass();
          return values;
        };
    other.script = values -> values.stream().map(v -> v == 7 ? -7 : v).toList();
    Mirror mirror = mirror(100);
    List<RecordedTask> tasks = new ArrayList<>();
    for (int[] values : new int[][] {{1}, {2, 3}, {4}, {5}, {6, 7}}) {
      assertThat(answering.acquire()).isTrue();
      tasks.add(RecordedTask.submit(answering, NEVER, values));
      running.await();
    }
    gate.countDown();
    for (RecordedTask task : tasks) {
      task.answer.get(10, TimeUnit.SECONDS);
    }

    assertThat(stable.batches).hasSizeLessThan(5); // several together
    Comparisons copies = awaitCopies(mirror, 5);
    // some were answered while more waited than their batch had; not the last one
    assertThat(copies.same() + copies.dropped()).isEqualTo(4);
    assertThat(copies.differing()).isEqualTo(1);
    assertThat(copies.largestDifference()).isEqualTo(14);
    assertThat(copies.output()).isEqualTo("y");
  }

  private void pass() throws ModelRunException {
    try {
      gate.await();
    } catch (InterruptedException e) {
      throw new ModelRunException("interrupted", e);
    }
  }

  @Test
  void copiesAreInNoStatisticsAndNoQueueOfTheVersionThatRunsThem() throws Exception {
    other.script =
        values -> {
          throw new ModelRunException("told to fail", null);
        };
    Mirror mirror = mirror(100);
    ask(1);
    ask(2);

    Comparisons copies = awaitCopies(mirror, 2);
    assertThat(shadow.inFlight()).isZero();
    assertThat(copies.failed()).isEqualTo(2);
    assertThat(copies.worst()).isEqualTo("told to fail");
    assertThat(shadow.statistics().snapshot().failed()).isZero();
    assertThat(shadow.statistics().snapshot().batches()).isZero();
    assertThat(shadow.replicasServing()).isEqualTo(1);
  }

  @Test
  void aShadowThatHangsHoldsUpNothingAndWhatIsTooMuchIsDropped() throws Exception {
    other.script =
        values -> {
          pass();
          return values;
        };
    Mirror mirror = mirror(100);

    int requests = CopyQueue.MOST_COPIES + 20;
    for (int i = 0; i < requests; i++) {
      assertThat(ask(i)).containsExactly(i);
    }

    await().until(() -> answering.inFlight() == 0); // no copy holds a lease of it
    assertThat(comparisons(mirror).dropped()).isEqualTo(20);
    gate.countDown();
    assertThat(awaitCopies(mirror, requests).same()).isEqualTo(CopyQueue.MOST_COPIES);
  }

  @Test
  void nothingIsCopiedForASecondAfterARefusal() throws Exception {
    Mirror mirror = mirror(100);
    ask(1);
    assertThat(awaitCopies(mirror, 1).same()).isEqualTo(1);
    assertThat(answering.acquire()).isTrue();
    RecordedTask late = RecordedTask.submit(answering, answering.nanoTime() - 1, 1);
    assertThat(late.answer)
        .failsWithin(Duration.ofSeconds(5))
        .withThrowableOfType(ExecutionException.class)
        .withCauseInstanceOf(InferException.class);

    ask(2);
    assertThat(awaitCopies(mirror, 2).dropped()).isEqualTo(1);
    ahead.addAndGet(2 * SECOND);
    ask(3);
    assertThat(awaitCopies(mirror, 3).same()).isEqualTo(2);
  }

  @Test
  void aSampleIsAboutAsLargeAsWasAskedFor() throws Exception {
    Mirror mirror = mirror(20);
    for (int i = 0; i < 1000; i++) {
      ask(i);
    }
    answering.mirrorTo(List.of());

    await()
        .untilAsserted(
            () ->
                // 200, and 7 standard deviations
                assertThat(comparisons(mirror).total() + comparisons(mirror).dropped())
                    .isBetween(110L, 290L));
  }

  @Test
  void aMirrorThatIsClosedGivesItsVersionBack() throws Exception {
    Mirror mirror = mirror(100);
    ask(1);
    awaitCopies(mirror, 1);
    answering.mirrorTo(List.of());
    mirror.close();

    await().untilAsserted(() -> assertThat(other.openRunners).hasValue(1)); // its replica's
    ask(2);
    assertThat(comparisons(mirror).total()).isEqualTo(1);
  }

  @Test
  void aVersionThatGoesIsNotMirroredTo() throws Exception {
    ServedVersion gone = load(other, 3);
    assertThat(gone.close(SECOND)).isTrue();

    assertThat(Mirror.start(answering, gone, 100, Tolerance.DEFAULT)).isEmpty();
  }

  @Test
  void whereThereIsNoRunnerCopiesAreDropped() throws Exception {
    other.refuseRunners = true;
    Mirror mirror = mirror(100);

    assertThat(ask(1)).containsExactly(1);

    assertThat(awaitCopies(mirror, 1).dropped()).isEqualTo(1);
  }
}
