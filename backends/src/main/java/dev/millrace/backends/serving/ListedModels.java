// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.repository.ModelEntry;
import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models of the repository that are served under their own names, as far as they have come. The
 * control thread's.
 *
 * <p>A version whose content has been tried is tried again when that has changed; one that lacked
 * memory after a while, or when there seems to be enough. Nothing is taken down for the sake of a
 * successor that is not there yet.
 */
final class ListedModels {
  private static final Logger log = LoggerFactory.getLogger(ListedModels.class);

  private final Loads loads;
  private final Runnable changed;
  private final LongSupplier nanoClock;
  private final SortedMap<String, SortedMap<Long, Slot>> models = new TreeMap<>();
  private Map<String, ModelEntry> listed = new HashMap<>();
  private boolean isFirstLook = true;

  /**
   * @param changed called after each change of a slot
   */
  ListedModels(Loads loads, Runnable changed, LongSupplier nanoClock) {
    this.loads = loads;
    this.changed = changed;
    this.nanoClock = nanoClock;
  }

  SortedMap<String, SortedMap<Long, Slot>> slots() {
    return models;
  }

  int size() {
    return listed.size();
  }

  /** Of all that are listed, served or not. */
  Set<String> names() {
    return listed.keySet();
  }

  boolean isLoading(String model) {
    SortedMap<Long, Slot> slots = models.get(model);
    return slots != null && slots.values().stream().anyMatch(slot -> slot.isLoading);
  }

  /** What could not be loaded is tried once more, as it is. */
  void tryAgain(String model) {
    for (Slot slot : models.getOrDefault(model, new TreeMap<>()).values()) {
      slot.lacksNothing();
      if (slot.isGivenUp()) {
        slot.fingerprint = "";
      }
    }
  }

  /** Nanoseconds until what lacked memory is to be tried again; the largest number for never. */
  long untilRetry() {
    long now = nanoClock.getAsLong();
    return models.values().stream()
        .flatMap(slots -> slots.values().stream())
        .filter(Slot::isWaitingForRoom)
        .mapToLong(slot -> slot.untilRetry(now))
        .min()
        .orElse(Long.MAX_VALUE);
  }

  /** Tries again what lacked memory, and is due. */
  void retry(boolean takesAsListed) {
    long now = nanoClock.getAsLong();
    retry(slot -> slot.isWaitingForRoom() && slot.untilRetry(now) <= 0, takesAsListed);
  }

  /** Tries again what lacked memory that seems to be there now. */
  void takeRoom(boolean takesAsListed) {
    retry(Slot::takeRoom, takesAsListed);
  }

  private void retry(Predicate<Slot> isDue, boolean takesAsListed) {
    for (String name : List.copyOf(models.keySet())) {
      List<Slot> due =
          models.getOrDefault(name, new TreeMap<>()).values().stream().filter(isDue).toList();
      due.forEach(Slot::lacksNothing);
      ModelEntry entry = listed.get(name);
      if (!due.isEmpty() && entry != null) {
        reconcile(entry, takesAsListed);
      }
    }
  }

  /** Why a model cannot be served as it is listed; empty if it is. */
  Optional<String> problem(String model) {
    SortedMap<Long, Slot> slots = models.get(model);
    if (slots == null) {
      return Optional.of(listed.containsKey(model) ? "not served" : "not in the repository");
    }
    return slots.entrySet().stream()
        .filter(entry -> entry.getValue().state == VersionState.FAILED)
        .map(
            entry ->
                (entry.getKey() == 0 ? "" : "version " + entry.getKey() + ": ")
                    + entry.getValue().reason)
        .reduce((one, other) -> one + "; " + other);
  }

  /** What the repository holds from now on. */
  void list(List<ModelEntry> entries) {
    Map<String, ModelEntry> byName = new HashMap<>();
    entries.forEach(entry -> byName.put(entry.name(), entry));
    listed = byName;
  }

  /**
   * Brings what serves in line with what is listed.
   *
   * @param isWanted which of the models are to be served here
   * @param takesAsListed whether what seems to be on its way in is loaded as it is
   */
  void reconcile(Predicate<String> isWanted, boolean takesAsListed) {
    for (String name : new HashSet<>(models.keySet())) {
      if (!listed.containsKey(name)) {
        takeDown(name);
        log.info("model {}: removed", name);
      }
    }
    boolean asListed = takesAsListed || isFirstLook;
    listed.values().stream()
        .filter(entry -> isWanted.test(entry.name()))
        .sorted((a, b) -> a.name().compareTo(b.name()))
        .forEach(entry -> reconcile(entry, asListed));
    isFirstLook = false;
  }

  void takeDown(String name) {
    SortedMap<Long, Slot> slots = models.remove(name);
    if (slots != null) {
      changed.run();
      slots.values().forEach(loads::retire);
    }
  }

  private void reconcile(ModelEntry entry, boolean asListed) {
    SortedMap<Long, Slot> slots = models.computeIfAbsent(entry.name(), name -> new TreeMap<>());
    if (entry.problem().isPresent()) {
      noteProblem(entry, slots, entry.problem().get());
      return;
    }
    slots.remove(0L);
    if (isFirstLook) {
      entry.manifest().notes().forEach(note -> log.info("model {}: {}", entry.name(), note));
    }
    for (ModelVersion version : entry.versions()) {
      Slot slot = slots.computeIfAbsent(version.number(), number -> new Slot());
      slot.required = entry.manifest().required();
      if (!slot.fingerprint.equals(version.fingerprint())
          && !slot.isLoading
          && !slot.isShortOfRoomFor(version.fingerprint())) {
        load(entry, version, slot, asListed);
      }
    }
    retireSuperfluous(entry, slots);
  }

  private void load(ModelEntry entry, ModelVersion version, Slot slot, boolean asListed) {
    if (version.problem().isPresent()) {
      slot.fingerprint = version.fingerprint();
      loads.fail(entry.name(), version.number(), slot, version.problem().get());
    } else if (!version.settled() && !asListed) {
      loads.note(slot, VersionState.PENDING, "its files are still being written");
    } else {
      LoadStages.Wanted wanted = new LoadStages.Wanted(entry, version, entry.manifest());
      loads.load(
          entry.name(),
          version.number(),
          slot,
          () -> wanted,
          () -> {
            pause(slot);
            loaded(entry.name(), version);
          });
    }
  }

  private void pause(Slot slot) {
    if (slot.isWaitingForRoom()) {
      slot.retryLater(nanoClock.getAsLong());
    } else {
      slot.succeeded();
    }
  }

  /** What was listed meanwhile may be more than what was loaded. */
  private void loaded(String name, ModelVersion version) {
    ModelEntry entry = listed.get(name);
    SortedMap<Long, Slot> slots = models.get(name);
    if (entry == null || slots == null || entry.problem().isPresent()) {
      return;
    }
    Slot slot = slots.get(version.number());
    boolean changedMeanwhile =
        slot != null
            && !slot.fingerprint.isEmpty()
            && entry.versions().stream()
                .filter(now -> now.number() == version.number())
                .anyMatch(now -> !now.fingerprint().equals(version.fingerprint()));
    if (changedMeanwhile) {
      reconcile(entry, false);
    } else {
      retireSuperfluous(entry, slots);
    }
  }

  /** Once every version that is listed serves, the others go; those that do not serve at once. */
  private void retireSuperfluous(ModelEntry entry, SortedMap<Long, Slot> slots) {
    boolean complete =
        entry.versions().stream().allMatch(version -> isServing(slots.get(version.number())));
    List<Long> superfluous = new ArrayList<>(slots.keySet());
    entry.versions().forEach(version -> superfluous.remove(version.number()));
    for (long number : superfluous) {
      Slot slot = slots.get(number);
      if (slot != null && (complete || !slot.isServing())) {
        slots.remove(number);
        changed.run();
        loads.retire(slot);
      }
    }
  }

  private static boolean isServing(@Nullable Slot slot) {
    return slot != null && slot.isServing();
  }

  private void noteProblem(ModelEntry entry, SortedMap<Long, Slot> slots, String problem) {
    boolean serving = slots.values().stream().anyMatch(Slot::isServing);
    Slot slot = slots.computeIfAbsent(0L, number -> new Slot());
    if (!slot.reason.equals(problem)) {
      log.error(
          "model {}: {}{}",
          entry.name(),
          problem,
          serving ? "; what was loaded keeps serving" : "");
    }
    slot.required = entry.manifest().required();
    loads.note(slot, VersionState.FAILED, problem);
  }
}
