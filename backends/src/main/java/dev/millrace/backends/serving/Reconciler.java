// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.Backend;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.repository.ModelEntry;
import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import dev.millrace.backends.repository.ModelRepository;
import dev.millrace.batching.Fairness;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings what serves in line with what the repository holds.
 *
 * <p>One control thread does everything that changes a route: it reads the repository, loads what
 * is new or changed while the old one serves, publishes the new routes, and lets the old one drain.
 * A load that fails changes nothing that serves and is tried again only when its content has
 * changed. Nothing is taken down for the sake of a successor that is not there yet.
 */
public final class Reconciler implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Reconciler.class);

  private static final long PROGRESS_NANOS = 1_000_000_000;

  /** For a run that was under way when the grace time ended. */
  private static final Duration RUN_END_GRACE = Duration.ofSeconds(5);

  private final ModelRepository repository;
  private final Loader loader;
  private final Routes routes;
  private final LongSupplier nanoClock;
  private final long drainNanos;
  private final ScheduledExecutorService control =
      Executors.newSingleThreadScheduledExecutor(
          task -> Thread.ofPlatform().name("control").daemon().unstarted(task));
  private final Janitor janitor;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CountDownLatch firstPassDone = new CountDownLatch(1);

  // owned by the control thread
  private final TreeMap<String, TreeMap<Long, Slot>> models = new TreeMap<>();
  private final List<Thread> draining = new ArrayList<>();
  private boolean firstPass = true;
  private long lastProgressNanos;
  private String lastListFailure = "";

  /** One version of a model, as far as it has come. */
  private static final class Slot {
    VersionState state = VersionState.PENDING;
    String reason = "";

    /** What was last tried, successfully or not. */
    String fingerprint = "";

    boolean required;
    long loadNanos;
    @Nullable ServedVersion served;
    @Nullable ModelArtifact artifact;
  }

  /**
   * @param drainNanos how long requests may take to finish on a version that was replaced
   * @param inlining which batches event loops may run
   * @param fairness how tenants share each model
   */
  public Reconciler(
      ModelRepository repository,
      Collection<Backend> backends,
      Routes routes,
      long drainNanos,
      Inlining inlining,
      Fairness fairness,
      LongSupplier nanoClock) {
    this.repository = repository;
    Map<String, Backend> byName = new HashMap<>();
    backends.forEach(backend -> byName.put(backend.name(), backend));
    this.janitor = new Janitor(RunLimits.DEFAULT, nanoClock);
    this.loader = new Loader(byName, inlining, fairness, janitor, nanoClock);
    this.routes = routes;
    this.drainNanos = drainNanos;
    this.nanoClock = nanoClock;
  }

  /**
   * Begins to load everything there is; {@link #awaitFirstPass} tells when that is done.
   *
   * @param pollNanos how often to look for changes afterwards; 0 for never
   */
  public void start(long pollNanos) {
    janitor.start();
    if (pollNanos > 0) {
      control.scheduleWithFixedDelay(this::pass, 0, pollNanos, TimeUnit.NANOSECONDS);
    } else {
      control.execute(this::pass);
    }
  }

  /** Returns when each model that was there at the start has been tried once, or on close. */
  public void awaitFirstPass() throws InterruptedException {
    firstPassDone.await();
  }

  /** Looks at the repository now, beside whatever polling there is, and returns when it is done. */
  public void reconcile() throws InterruptedException {
    try {
      control.submit(this::pass).get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a pass over " + repository.location() + " failed", e);
    }
  }

  private void pass() {
    try {
      List<ModelEntry> entries = repository.list();
      forget(entries);
      lastListFailure = "";
      int tried = 0;
      for (ModelEntry entry : entries) {
        if (closing.get()) {
          break;
        }
        reconcile(entry);
        progress(++tried, entries.size());
      }
    } catch (IOException e) {
      String failure = e.toString();
      if (!lastListFailure.equals(failure)) { // once, not once a pass
        log.error("{}: cannot be read, what was loaded stays ({})", repository.location(), failure);
      }
      lastListFailure = failure;
    } catch (RuntimeException | Error e) {
      // an exception that left this method would end polling without a word
      log.error("a pass over {} failed, what was loaded stays", repository.location(), e);
    }
    firstPass = false;
    publish();
    routes.firstPassDone();
    firstPassDone.countDown();
  }

  /** While models are loaded at the start: a line a second, and one at the end. */
  private void progress(int tried, int models) {
    long now = nanoClock.getAsLong();
    if (!firstPass || (tried < models && now - lastProgressNanos < PROGRESS_NANOS)) {
      return;
    }
    lastProgressNanos = now;
    log.info("{} of {} models tried, {} ready", tried, models, routes.readyModels());
  }

  /** Takes down models that are no longer in the repository at all. */
  private void forget(List<ModelEntry> entries) {
    List<String> gone = new ArrayList<>(models.keySet());
    entries.forEach(entry -> gone.remove(entry.name()));
    for (String name : gone) {
      Map<Long, Slot> slots = models.remove(name);
      publish();
      if (slots != null) {
        slots.values().forEach(slot -> retire(name, slot));
      }
      log.info("model {}: removed", name);
    }
  }

  private void reconcile(ModelEntry entry) {
    TreeMap<Long, Slot> slots = models.computeIfAbsent(entry.name(), name -> new TreeMap<>());
    if (entry.problem().isPresent()) {
      noteProblem(entry, slots, entry.problem().get());
      return;
    }
    slots.remove(0L);
    if (firstPass) {
      entry.manifest().notes().forEach(note -> log.info("model {}: {}", entry.name(), note));
    }
    boolean complete = true;
    for (ModelVersion version : entry.versions()) {
      Slot slot = slots.computeIfAbsent(version.number(), number -> new Slot());
      slot.required = entry.manifest().required();
      if (!slot.fingerprint.equals(version.fingerprint())) {
        tryLoad(entry, version, slot);
      }
      complete &= slot.served != null;
    }
    List<Long> superfluous = new ArrayList<>(slots.keySet());
    entry.versions().forEach(version -> superfluous.remove(version.number()));
    for (long number : superfluous) {
      Slot slot = slots.get(number);
      if (slot != null && (complete || slot.served == null)) {
        slots.remove(number);
        publish();
        retire(entry.name(), slot);
      }
    }
  }

  private void noteProblem(ModelEntry entry, Map<Long, Slot> slots, String problem) {
    boolean serving = false;
    for (Slot slot : slots.values()) {
      serving |= slot.served != null;
    }
    Slot slot = slots.computeIfAbsent(0L, number -> new Slot());
    if (!slot.reason.equals(problem)) {
      log.error(
          "model {}: {}{}",
          entry.name(),
          problem,
          serving ? "; what was loaded keeps serving" : "");
    }
    slot.required = entry.manifest().required();
    slot.state = VersionState.FAILED;
    slot.reason = problem;
    publish();
  }

  private void tryLoad(ModelEntry entry, ModelVersion version, Slot slot) {
    if (version.problem().isPresent()) {
      failed(entry, version, slot, version.problem().get());
      return;
    }
    if (!version.settled() && !firstPass) {
      note(slot, VersionState.PENDING, "its files are still being written");
      return;
    }
    long begin = nanoClock.getAsLong();
    ModelArtifact artifact = null;
    try {
      note(slot, VersionState.FETCHING, "");
      artifact = repository.fetch(entry, version);
      note(slot, VersionState.LOADING, "");
      ServedVersion loaded =
          loader.load(artifact, entry.manifest(), () -> note(slot, VersionState.WARMING, ""));
      slot.loadNanos = nanoClock.getAsLong() - begin;
      install(entry.name(), version, slot, loaded, artifact);
    } catch (IOException e) {
      // not noted as tried: the next look at the repository tries again
      release(artifact);
      note(slot, VersionState.FAILED, e.getMessage() != null ? e.getMessage() : e.toString());
      log.warn("model {} version {}: {}", entry.name(), version.number(), slot.reason);
    } catch (ModelLoadException e) {
      release(artifact);
      failed(entry, version, slot, e.getMessage() != null ? e.getMessage() : e.toString());
    } catch (Throwable e) {
      // whatever a model does to its engine, the others are still to be loaded
      release(artifact);
      log.error("model {} version {}: loading failed", entry.name(), version.number(), e);
      failed(entry, version, slot, e.toString());
    }
  }

  private void install(
      String name, ModelVersion version, Slot slot, ServedVersion loaded, ModelArtifact artifact) {
    Slot old = new Slot();
    old.served = slot.served;
    old.artifact = slot.artifact;
    slot.served = loaded;
    slot.artifact = artifact;
    slot.fingerprint = version.fingerprint();
    note(slot, VersionState.READY, "");
    log.info(
        "model {} version {}: ready in {} ms, {}",
        name,
        version.number(),
        slot.loadNanos / 1_000_000,
        loaded.describeBatching());
    retire(name, old);
  }

  private void failed(ModelEntry entry, ModelVersion version, Slot slot, String reason) {
    slot.fingerprint = version.fingerprint();
    note(slot, VersionState.FAILED, reason);
    log.error(
        "model {} version {}: {}{}",
        entry.name(),
        version.number(),
        reason,
        slot.served != null ? "; what was loaded before keeps serving" : "");
  }

  private void note(Slot slot, VersionState state, String reason) {
    slot.state = state;
    slot.reason = reason;
    publish();
  }

  private void publish() {
    Map<String, Routes.Route> table = new HashMap<>();
    List<ModelStatus> statuses = new ArrayList<>();
    models.forEach(
        (name, slots) -> {
          TreeMap<Long, ServedVersion> ready = new TreeMap<>();
          slots.forEach(
              (version, slot) -> {
                if (slot.served != null) {
                  ready.put(version, slot.served);
                }
                // a version whose successor under the same number failed or is loading still serves
                boolean serves = slot.served != null;
                statuses.add(
                    new ModelStatus(
                        name,
                        version,
                        serves ? VersionState.READY : slot.state,
                        slot.reason,
                        slot.required,
                        slot.loadNanos));
              });
          if (!ready.isEmpty()) {
            table.put(name, new Routes.Route(ready));
          }
        });
    routes.publish(table, statuses);
  }

  /**
   * Lets a served version finish its requests and frees it, without holding up the control thread.
   */
  private void retire(String name, Slot slot) {
    ServedVersion served = slot.served;
    if (served == null) {
      return;
    }
    slot.served = null;
    draining.removeIf(thread -> !thread.isAlive());
    draining.add(
        Thread.ofPlatform()
            .name("drain-" + name + "-" + served.version())
            .start(() -> drain(served, slot.artifact, drainNanos)));
  }

  private void drain(ServedVersion served, @Nullable ModelArtifact artifact, long graceNanos) {
    try {
      if (served.close(graceNanos)) {
        log.info("model {} version {}: unloaded", served.name(), served.version());
        release(artifact);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      log.error("unloading {} failed", served, e);
    }
  }

  private void release(@Nullable ModelArtifact artifact) {
    if (artifact != null) {
      repository.release(artifact);
    }
  }

  /**
   * Refuses new requests, lets those there finish for as long as replaced versions may, frees every
   * model. Once; a second call does nothing.
   */
  @Override
  public void close() {
    if (!closing.compareAndSet(false, true)) {
      return;
    }
    routes.refuseAll();
    long end = nanoClock.getAsLong() + drainNanos;
    try {
      // behind a load that is under way; what serves goes on answering what it has meanwhile
      control.submit(this::unloadAll).get(drainNanos, TimeUnit.NANOSECONDS);
      for (Thread thread : draining) {
        // a run that never ends is not to keep the process from ending
        long left = Math.max(0, end - nanoClock.getAsLong());
        if (!thread.join(Duration.ofNanos(left).plus(RUN_END_GRACE))) {
          log.warn("{}: a run goes on: not waiting for it", thread.getName());
        }
      }
    } catch (TimeoutException e) {
      log.warn("a model is still being loaded: not waiting for it");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      log.error("unloading failed", e);
    } finally {
      janitor.close();
      control.shutdownNow();
      firstPassDone.countDown();
      repository.close();
    }
  }

  private void unloadAll() {
    models.forEach((name, slots) -> slots.values().forEach(slot -> retire(name, slot)));
    models.clear();
    publish();
  }
}
