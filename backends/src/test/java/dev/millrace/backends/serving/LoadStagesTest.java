// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.repository.ModelEntry;
import dev.millrace.batching.Fairness;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class LoadStagesTest {
  private final ScriptedBackend backend = new ScriptedBackend();
  private final ListedRepository repository = new ListedRepository();

  @Test
  void aVersionThatCannotTakeOverIsClosedBeforeItsFilesAreReleased() throws Exception {
    LoadStages stages =
        new LoadStages(
            repository,
            new Loader(
                Map.of(ScriptedBackend.NAME, backend),
                Inlining.OFF,
                Fairness.NONE,
                new Janitor(RunLimits.DEFAULT, System::nanoTime),
                System::nanoTime),
            new Room(MemoryLedger.unlimited(), bytes -> false, Runnable::run, () -> 0),
            name -> {
              throw new IllegalStateException("told to fail");
            },
            System::nanoTime);
    repository.put("m", 1, "a");
    ModelEntry entry = repository.list().getFirst();
    LoadStages.Task task =
        new LoadStages.Task(
            "m",
            1,
            new Slot(),
            () -> new LoadStages.Wanted(entry, entry.versions().getFirst(), entry.manifest()),
            state -> {});

    LoadStages.Fetched fetched = (LoadStages.Fetched) stages.fetch(task);
    LoadStages.Outcome outcome = stages.load(task, fetched);

    assertThat(outcome)
        .isEqualTo(
            new LoadStages.Outcome.Refused("a", "java.lang.IllegalStateException: told to fail"));
    assertThat(backend.openRunners).hasValue(0);
    assertThat(backend.openModels).hasValue(0);
    assertThat(repository.fetched).hasValue(0);
  }
}
