// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Models of a repository for which there is not enough memory. */
@Timeout(30)
class ShortMemoryTest {
  private static final long MIB = 1 << 20;

  private final ScriptedBackend backend = new ScriptedBackend();
  private final ListedRepository repository = new ListedRepository();
  private final Routes routes = new Routes(() -> {});
  private final AtomicLong nanoTime = new AtomicLong();
  private final MemoryLedger memory =
      new MemoryLedger(100 * MIB, GpuLedger.unlimited(), nanoTime::get);
  private final Reconciler reconciler =
      TestReconcilers.of(repository, backend, routes, memory, nanoTime::get);

  @AfterEach
  void everythingIsFreed() {
    reconciler.close();
    assertThat(backend.openModels).hasValue(0);
    assertThat(repository.fetched).hasValue(0);
    assertThat(memory.reservedBytes()).isZero();
  }

  /** One that needs twice as much. */
  private void put(String model, long mib) {
    repository.put(model, 1, "a");
    repository.bytes.put(model, mib * MIB);
  }

  private void start() throws InterruptedException {
    reconciler.start(0, TimeUnit.DAYS.toNanos(1));
    reconciler.awaitFirstPass();
  }

  private ModelStatus status(String model) {
    return routes.statuses().stream()
        .filter(status -> status.name().equals(model))
        .findFirst()
        .orElseThrow();
  }

  private void awaitReady(String model) {
    await().until(() -> status(model).state() == VersionState.READY);
  }

  @Test
  void theStateSaysWhatIsMissing() throws Exception {
    put("a", 40);
    put("b", 20);
    start();

    assertThat(status("a").state()).isEqualTo(VersionState.READY);
    assertThat(status("b").state()).isEqualTo(VersionState.FAILED);
    assertThat(status("b").reason())
        .isEqualTo(
            "needs about 40.0 MiB of memory, and 20.0 MiB of 100.0 MiB are free (memory_budget)");
  }

  @Test
  void whatLackedMemoryIsLoadedAsSoonAsThereIsEnough() throws Exception {
    put("a", 40);
    put("b", 20);
    start();

    repository.remove("a");
    reconciler.reconcile();

    awaitReady("b");
    assertThat(memory.reservedBytes()).isEqualTo(40 * MIB);
  }

  @Test
  void whatServesIsNotLoadedAnewWhenItIsListedAgain() throws Exception {
    put("a", 20);
    start();
    repository.put("a", 1, "larger");
    repository.bytes.put("a", 40 * MIB);
    reconciler.reconcile();
    assertThat(memory.refusals()).isEqualTo(1);

    repository.put("a", 1, "a");
    reconciler.reconcile();
    memory.setBudgetBytes(200 * MIB);
    reconciler.reconcile();

    assertThat(backend.loads).hasSize(1);
  }

  @Test
  void anEngineThatCannotCloseAModelKeepsNoMemoryReserved() throws Exception {
    put("a", 40);
    put("b", 20);
    start();

    backend.refuseToClose = true;
    repository.remove("a");
    reconciler.reconcile();

    awaitReady("b");
    assertThat(memory.reservedBytes()).isEqualTo(40 * MIB);
    backend.refuseToClose = false;
  }

  @Test
  void looksDoNotTryAgainWhatIsToWaitForAWhile() throws Exception {
    put("a", 40);
    put("b", 20);
    start();
    reconciler.reconcile();
    reconciler.reconcile();
    assertThat(memory.refusals()).isEqualTo(1);

    nanoTime.addAndGet(TimeUnit.MILLISECONDS.toNanos(500));
    await().until(() -> memory.refusals() == 2);
    nanoTime.addAndGet(TimeUnit.MILLISECONDS.toNanos(999));
    reconciler.reconcile();
    assertThat(memory.refusals()).as("twice as long the second time").isEqualTo(2);
  }

  @Test
  void aLargerBudgetBringsBackWhatDidNotFitAtAll() throws Exception {
    put("a", 60);
    start();
    nanoTime.addAndGet(TimeUnit.MINUTES.toNanos(5));
    reconciler.reconcile();
    assertThat(memory.refusals()).as("not tried again for nothing").isEqualTo(1);
    memory.setBudgetBytes(110 * MIB);
    reconciler.reconcile();
    assertThat(memory.refusals()).isEqualTo(1);

    memory.setBudgetBytes(120 * MIB);

    awaitReady("a");
  }

  @Test
  void anotherContentIsTriedAtOnce() throws Exception {
    put("a", 40);
    put("b", 20);
    start();

    repository.put("b", 1, "smaller");
    repository.bytes.put("b", 10 * MIB);
    reconciler.reconcile();

    assertThat(status("b").state()).isEqualTo(VersionState.READY);
  }
}
