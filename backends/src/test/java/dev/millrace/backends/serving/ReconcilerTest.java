// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.repository.ModelEntry;
import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ReconcilerTest {
  private final ScriptedBackend backend = new ScriptedBackend();
  private final ListedRepository repository = new ListedRepository();
  private final Routes routes = new Routes(() -> {});
  private final Reconciler reconciler =
      TestReconcilers.of(repository, backend, routes, MemoryLedger.unlimited(), System::nanoTime);

  @AfterEach
  void everythingIsFreed() {
    reconciler.close();
    assertThat(backend.openModels).hasValue(0);
    assertThat(backend.openRunners).hasValue(0);
    assertThat(repository.fetched).hasValue(0);
  }

  private void start() throws InterruptedException {
    reconciler.start(0, TimeUnit.DAYS.toNanos(1));
    reconciler.awaitFirstPass();
  }

  private long servingVersion(String model) throws InferException {
    return routes.find(model, "").version();
  }

  private Failure.Kind kindOfFailure(String model, String version) {
    try {
      throw new AssertionError("found " + routes.find(model, version));
    } catch (InferException e) {
      return e.failure().kind();
    }
  }

  private ModelStatus status(String model) {
    return routes.statuses().stream()
        .filter(status -> status.name().equals(model))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void isReadyOnceEverythingIsLoaded() throws Exception {
    repository.put("m", 1, "a");
    assertThat(routes.isReady()).isFalse();
    assertThat(kindOfFailure("m", "")).isEqualTo(Failure.Kind.NOT_READY);

    start();

    assertThat(kindOfFailure("another", "")).isEqualTo(Failure.Kind.NOT_FOUND);
    assertThat(routes.isReady()).isTrue();
    assertThat(servingVersion("m")).isEqualTo(1);
    assertThat(status("m").state()).isEqualTo(VersionState.READY);
  }

  @Test
  void replacesAVersionByItsSuccessorAndFreesIt() throws Exception {
    repository.put("m", 1, "a");
    start();
    ServedVersion first = routes.acquire("m", "", Routes.Caller.ANYBODY);

    repository.put("m", 2, "b");
    reconciler.reconcile();

    assertThat(servingVersion("m")).isEqualTo(2);
    assertThat(kindOfFailure("m", "1")).isEqualTo(Failure.Kind.NOT_FOUND);
    assertThat(backend.openModels).as("the leased one is still there").hasValue(2);
    first.release();
    await().untilAsserted(() -> assertThat(backend.openModels).hasValue(1));
  }

  @Test
  void keepsServingTheOldVersionWhenTheNewOneFailsToLoad() throws Exception {
    repository.put("m", 1, "a");
    start();

    backend.refuseToLoad = true;
    repository.put("m", 2, "b");
    reconciler.reconcile();

    assertThat(servingVersion("m")).isEqualTo(1);
    assertThat(kindOfFailure("m", "2")).isEqualTo(Failure.Kind.NOT_READY);
    assertThat(routes.isReady()).isTrue();
    assertThat(routes.statuses())
        .extracting(ModelStatus::version, ModelStatus::state, ModelStatus::reason)
        .containsExactly(
            tuple(1L, VersionState.READY, ""), tuple(2L, VersionState.FAILED, "told to fail"));
  }

  @Test
  void triesAFailedVersionAgainOnlyWhenItsContentHasChanged() throws Exception {
    backend.refuseToLoad = true;
    repository.put("m", 1, "a");
    start();
    assertThat(kindOfFailure("m", "")).isEqualTo(Failure.Kind.NOT_READY);
    assertThat(routes.isReady()).isFalse();

    backend.refuseToLoad = false;
    reconciler.reconcile();
    assertThat(status("m").state()).isEqualTo(VersionState.FAILED);

    repository.put("m", 1, "changed");
    reconciler.reconcile();
    assertThat(servingVersion("m")).isEqualTo(1);
  }

  @Test
  void reloadsAVersionWhoseContentChangedWithoutAGap() throws Exception {
    repository.put("m", 1, "a");
    start();
    ServedVersion before = routes.find("m", "");

    repository.put("m", 1, "b");
    reconciler.reconcile();

    assertThat(routes.find("m", "")).isNotSameAs(before);
    await().untilAsserted(() -> assertThat(backend.openModels).hasValue(1));
  }

  @Test
  void staysReadyWhenAModelThatIsAddedLaterCannotBeLoaded() throws Exception {
    repository.put("m", 1, "a");
    start();

    backend.refuseToLoad = true;
    repository.put("n", 1, "b");
    reconciler.reconcile();

    assertThat(status("n").state()).isEqualTo(VersionState.FAILED);
    assertThat(routes.isReady()).isTrue();
  }

  @Test
  void loadsTheOthersWhenAModelMakesTheEngineThrowAnError() throws Exception {
    backend.signature =
        signature -> {
          throw new StackOverflowError("nested too deep");
        };
    repository.put("a", 1, "a");
    start();
    backend.signature = signature -> signature;
    repository.put("b", 1, "b");
    reconciler.reconcile();

    assertThat(status("a").state()).isEqualTo(VersionState.FAILED);
    assertThat(status("a").reason()).contains("nested too deep");
    assertThat(servingVersion("b")).isEqualTo(1);
  }

  @Test
  void waitsForContentThatIsStillBeingWritten() throws Exception {
    start();
    repository.put(
        new ModelEntry(
            "m",
            ListedRepository.MANIFEST,
            List.of(new ModelVersion(1, "half", false, Optional.empty())),
            Optional.empty()));
    reconciler.reconcile();
    assertThat(status("m").state()).isEqualTo(VersionState.PENDING);

    repository.put("m", 1, "whole");
    reconciler.reconcile();
    assertThat(servingVersion("m")).isEqualTo(1);
  }

  @Test
  void unloadsWhatIsNoLongerThere() throws Exception {
    repository.put("m", 1, "a");
    start();

    repository.remove("m");
    reconciler.reconcile();

    assertThat(kindOfFailure("m", "")).isEqualTo(Failure.Kind.NOT_FOUND);
    assertThat(routes.statuses()).isEmpty();
    await().untilAsserted(() -> assertThat(backend.openModels).hasValue(0));
  }

  @Test
  void keepsEverythingWhenTheRepositoryCannotBeRead() throws Exception {
    repository.put("m", 1, "a");
    start();

    repository.broken = true;
    reconciler.reconcile();

    assertThat(servingVersion("m")).isEqualTo(1);
  }

  @Test
  void keepsServingWhenAConfigurationBecomesNonsense() throws Exception {
    repository.put("m", 1, "a");
    start();

    repository.put(
        new ModelEntry("m", ListedRepository.MANIFEST, List.of(), Optional.of("nonsense")));
    reconciler.reconcile();

    assertThat(servingVersion("m")).isEqualTo(1);
    assertThat(routes.statuses())
        .anyMatch(s -> s.state() == VersionState.FAILED && s.reason().equals("nonsense"));

    repository.put("m", 1, "a");
    reconciler.reconcile();
    assertThat(routes.statuses()).hasSize(1);
  }

  @Test
  void tellsUnknownModelsVersionsAndNonsenseApart() throws Exception {
    repository.put("m", 1, "a");
    start();

    assertThatThrownBy(() -> routes.find("n", "")).hasMessage("model 'n': not found");
    assertThatThrownBy(() -> routes.find("m", "7"))
        .hasMessage("model 'm': version 7 not found (there is [1])");
    assertThat(kindOfFailure("m", "seven")).isEqualTo(Failure.Kind.INVALID);
    assertThat(kindOfFailure("m", "-1")).isEqualTo(Failure.Kind.INVALID);
    assertThat(kindOfFailure("m", "0")).isEqualTo(Failure.Kind.INVALID);
  }

  @Test
  void refusesEverythingOnceItCloses() throws Exception {
    repository.put("m", 1, "a");
    start();

    reconciler.close();

    assertThat(kindOfFailure("m", "")).isEqualTo(Failure.Kind.SHUTTING_DOWN);
    assertThat(routes.isReady()).isFalse();
  }
}
