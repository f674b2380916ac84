// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.deployment.Declared;
import dev.millrace.backends.deployment.DeploymentSpec;
import dev.millrace.backends.deployment.Deployments;
import dev.millrace.backends.deployment.Gates;
import dev.millrace.backends.deployment.Rollout;
import dev.millrace.backends.deployment.Traffic;
import dev.millrace.backends.model.Backend;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.repository.AlteredException;
import dev.millrace.backends.repository.ModelEntry;
import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.backends.repository.ModelRepository;
import dev.millrace.backends.repository.UnknownVersionException;
import dev.millrace.backends.repository.VersionSelector;
import dev.millrace.batching.Fairness;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings what serves in line with what the repository holds and what is declared.
 *
 * <p>Every model of the repository is served under its own name, unless a deployment of that name
 * is declared: then what that says is served under it.
 *
 * <p>One control thread does everything that changes a route: it reads the repository, loads what
 * is new or changed while the old one serves, publishes the new routes, and lets the old one drain.
 * A load that fails changes nothing that serves. A model of the repository is tried again when its
 * content has changed; of a deployment, what could not be brought here, and what has served before,
 * is tried again after a while. Nothing is taken down for the sake of a successor that is not there
 * yet.
 */
public final class Reconciler implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Reconciler.class);

  private static final long PROGRESS_NANOS = 1_000_000_000;

  /** Between two looks at rollouts that are under way. */
  private static final long ROLLOUT_TICK_NANOS = 50_000_000;

  /** Between two tries to bring a version here, doubling. */
  private static final long FIRST_RETRY_NANOS = 500_000_000;

  private static final long LONGEST_RETRY_NANOS = 60_000_000_000L;

  /** The fingerprint of what is not there any more. */
  private static final String GONE = "gone";

  /** For a run that was under way when the grace time ended. */
  private static final Duration RUN_END_GRACE = Duration.ofSeconds(5);

  private final ModelRepository repository;
  private final Loader loader;
  private final Routes routes;
  private final Deployments declared;
  private final boolean serveAll;
  private final LongSupplier nanoClock;
  private final long drainNanos;
  private final ScheduledExecutorService control =
      Executors.newSingleThreadScheduledExecutor(
          task -> Thread.ofPlatform().name("control").daemon().unstarted(task));
  private final Janitor janitor;
  private volatile boolean polling;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CountDownLatch firstPassDone = new CountDownLatch(1);

  // owned by the control thread
  private final SortedMap<String, SortedMap<Long, Slot>> models = new TreeMap<>();
  private final SortedMap<String, SortedMap<Long, Slot>> deployed = new TreeMap<>();
  private final Map<String, StepMeter> meters = new HashMap<>();
  private final Shadows shadows = new Shadows();

  /** Whose the slots of {@link #deployed} are: a name may be declared anew. */
  private final Map<String, Declared> owners = new HashMap<>();

  private @Nullable ScheduledFuture<?> nextTick;
  private final List<Thread> draining = new ArrayList<>();
  private List<ModelEntry> listed = List.of();
  private boolean firstPass = true;
  private boolean takesAsListed;
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

    /** What the model's configuration says, whatever the deployment does. */
    int configuredReplicas = 1;

    /** Times that it could not be brought here in a row, and when to try again. */
    int attempts;

    long retryNanos;
    @Nullable ServedVersion served;
    @Nullable ModelArtifact artifact;
  }

  /**
   * @param declared deployments beside, or in place of, the repository's models
   * @param serveAll whether the repository's models are served without being declared
   * @param drainNanos how long requests may take to finish on a version that was replaced
   * @param inlining which batches event loops may run
   * @param fairness how tenants share each model
   */
  public Reconciler(
      ModelRepository repository,
      Collection<Backend> backends,
      Routes routes,
      Deployments declared,
      boolean serveAll,
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
    this.declared = declared;
    this.serveAll = serveAll;
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
    polling = pollNanos > 0;
    declared.onChange(this::declarationsChanged);
    if (pollNanos > 0) {
      control.scheduleWithFixedDelay(this::pass, 0, pollNanos, TimeUnit.NANOSECONDS);
    } else {
      control.execute(this::pass);
    }
  }

  /** What is declared, or what aliases mean, has changed; returns soon. Any thread. */
  public void declarationsChanged() {
    if (closing.get()) {
      return;
    }
    control.execute(this::passOverDeclared);
    // the control thread may be loading: what serves already gets its replicas now
    for (Declared deployment : declared.all()) {
      int replicas = deployment.spec().replicas();
      if (replicas > 0) {
        routes.ready(deployment.name()).forEach(served -> scale(served, replicas));
      }
    }
  }

  private static void scale(ServedVersion served, int replicas) {
    try {
      served.scaleTo(replicas);
    } catch (RuntimeException | Error e) {
      log.error("{}: cannot have {} replicas", served, replicas, e);
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
      if (serveAll) {
        listed = repository.list();
      }
      lastListFailure = "";
      forget();
      reconcileDeclared(); // before the models of the same names
      int tried = 0;
      for (ModelEntry entry : listed) {
        if (closing.get()) {
          break;
        }
        reconcileListed(entry);
        progress(++tried, listed.size());
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

  /** Of a model that a deployment serves in its place, nothing. */
  private void reconcileListed(ModelEntry entry) {
    SortedMap<Long, Slot> slots = deployed.get(entry.name());
    if (slots == null || !isServing(slots)) {
      reconcile(entry);
    }
  }

  private void passOverDeclared() {
    try {
      forget();
      reconcileDeclared();
      // without polling, what was listed at the start is all there will be
      takesAsListed = !polling;
      for (ModelEntry entry : listed) {
        if (!closing.get()) {
          reconcileListed(entry);
        }
      }
    } catch (RuntimeException | Error e) {
      log.error("a pass over the deployments failed, what was loaded stays", e);
    } finally {
      takesAsListed = false;
    }
    publish();
  }

  private void reconcileDeclared() {
    for (Declared deployment : declared.all()) {
      if (closing.get()) {
        return;
      }
      try {
        reconcile(deployment);
      } catch (RuntimeException | Error e) {
        log.error("deployment {}: a pass failed, what was loaded stays", deployment.name(), e);
      }
    }
    scheduleTick();
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

  /** Takes down what is neither in the repository any more, nor declared. */
  private void forget() {
    Set<String> there = new HashSet<>();
    listed.forEach(entry -> there.add(entry.name()));
    forget(models, there);
    forget(deployed, declared.all().stream().map(Declared::name).collect(Collectors.toSet()));
  }

  private void forget(Map<String, SortedMap<Long, Slot>> all, Set<String> there) {
    for (String name : List.copyOf(all.keySet())) {
      if (!there.contains(name)) {
        meters.remove(name);
        takeDown(all, name);
        log.info("model {}: removed", name);
      }
    }
  }

  private void takeDown(Map<String, SortedMap<Long, Slot>> all, String name) {
    SortedMap<Long, Slot> slots = all.remove(name);
    publish();
    if (slots != null) {
      slots.values().forEach(slot -> retire(name, slot));
    }
  }

  private void reconcile(ModelEntry entry) {
    SortedMap<Long, Slot> slots = models.computeIfAbsent(entry.name(), name -> new TreeMap<>());
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
        tryLoad(entry.name(), entry, version, entry.manifest(), slot);
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

  // --- declared deployments

  private void reconcile(Declared deployment) {
    String name = deployment.name();
    if (owners.put(name, deployment) != deployment) {
      takeDown(deployed, name); // of a deployment that was deleted
    }
    SortedMap<Long, Slot> slots = deployed.computeIfAbsent(name, key -> new TreeMap<>());
    deployment.saveAgain();
    resolve(deployment);
    resolveShadow(deployment);
    List<Long> needed = deployment.needed();
    for (long version : needed) {
      Slot slot = slots.computeIfAbsent(version, key -> new Slot());
      slot.required = true;
      ServedVersion served = slot.served;
      if (served != null) {
        int replicas = deployment.spec().replicas();
        scale(served, replicas > 0 ? replicas : slot.configuredReplicas);
      } else if (isToBeLoaded(deployment, version, slot)) {
        load(deployment, version, slot);
      }
    }
    shift(deployment, slots);
    retireAllBut(deployment, slots);
    if (models.containsKey(name) && isServing(slots)) {
      takeDown(models, name); // it was served without being declared until now
    }
  }

  /**
   * What could not be brought here is tried again, after a while; so is what is known to have
   * served. A new version that cannot be loaded is not.
   */
  private boolean isToBeLoaded(Declared deployment, long version, Slot slot) {
    if (slot.attempts > 0 && nanoClock.getAsLong() - slot.retryNanos < 0) {
      return false;
    }
    return !isGivenUp(slot) || deployment.stable().points(version) > 0;
  }

  private static boolean isGivenUp(Slot slot) {
    return slot.state == VersionState.FAILED && !slot.fingerprint.isEmpty();
  }

  private void retryLater(Slot slot) {
    long wait = Math.min(LONGEST_RETRY_NANOS, FIRST_RETRY_NANOS << Math.min(slot.attempts, 10));
    slot.attempts++;
    slot.retryNanos = nanoClock.getAsLong() + wait;
  }

  /** Finds out which versions are meant now. */
  private void resolve(Declared deployment) {
    long generation = deployment.generation(); // before the spec, which may be a later one then
    DeploymentSpec spec = deployment.spec();
    Map<Long, Integer> percents = new TreeMap<>();
    try {
      for (DeploymentSpec.Target target : spec.targets()) {
        ModelEntry entry = repository.resolve(spec.model(), target.version());
        if (entry.problem().isPresent()) {
          deployment.unresolved(generation, entry.problem().get());
          return;
        }
        percents.merge(entry.versions().getFirst().number(), target.percent(), Integer::sum);
      }
      deployment.resolved(generation, Traffic.ofPercent(percents));
    } catch (UnknownVersionException e) {
      deployment.unresolved(generation, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      deployment.unresolved(
          generation, repository.location() + " cannot be read: " + e.getMessage());
    }
  }

  /** Which version is to run copies; that it cannot be found out holds nothing else up. */
  private void resolveShadow(Declared deployment) {
    DeploymentSpec spec = deployment.spec();
    if (spec.shadow().isEmpty()) {
      return;
    }
    try {
      ModelEntry entry = repository.resolve(spec.model(), spec.shadow().get().version());
      boolean isThere = entry.problem().isEmpty();
      deployment.shadowResolved(
          isThere ? entry.versions().getFirst().number() : 0, entry.problem().orElse(""));
    } catch (UnknownVersionException e) {
      deployment.shadowResolved(0, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      // what was meant before goes on
      deployment.shadowResolved(deployment.shadowVersion(), String.valueOf(e.getMessage()));
    }
  }

  private void load(Declared deployment, long version, Slot slot) {
    DeploymentSpec spec = deployment.spec();
    try {
      ModelEntry entry = repository.resolve(spec.model(), new VersionSelector.Exactly(version));
      if (entry.problem().isPresent()) {
        note(slot, VersionState.FAILED, entry.problem().get());
      } else {
        slot.configuredReplicas = entry.manifest().replicas();
        ModelManifest manifest =
            spec.replicas() > 0 ? entry.manifest().withReplicas(spec.replicas()) : entry.manifest();
        tryLoad(spec.name(), entry, entry.versions().getFirst(), manifest, slot);
      }
    } catch (UnknownVersionException e) {
      slot.fingerprint = GONE;
      note(slot, VersionState.FAILED, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      note(slot, VersionState.FAILED, e.getMessage() != null ? e.getMessage() : e.toString());
    }
    if (slot.served == null) {
      retryLater(slot);
    } else {
      slot.attempts = 0;
    }
  }

  /** Sees how far a rollout has come. */
  private void shift(Declared deployment, SortedMap<Long, Slot> slots) {
    Rollout rollout = deployment.rollout().orElse(null);
    if (rollout == null || rollout.phase().isOver()) {
      meters.remove(deployment.name());
    } else if (rollout.phase() == Rollout.Phase.LOADING) {
      Optional<String> obstacle = obstacle(deployment, rollout, slots);
      if (obstacle.isPresent()) {
        deployment.failed(obstacle.get());
      } else if (served(slots, rollout.to().versions()).size() == rollout.to().versions().size()) {
        deployment.ready();
        beginStep(deployment, slots);
      }
    } else {
      StepMeter meter = meters.get(deployment.name());
      if (meter == null || advance(deployment, rollout, meter, slots)) {
        beginStep(deployment, slots);
      }
    }
  }

  private static boolean advance(
      Declared deployment, Rollout rollout, StepMeter meter, SortedMap<Long, Slot> slots) {
    // a version that served before as well is no candidate
    SortedSet<Long> candidates = new TreeSet<>(rollout.to().versions());
    candidates.removeAll(rollout.from().versions());
    return deployment.advance(
        candidates.isEmpty()
            ? Gates.Measured.NO_CANDIDATE
            : meter.measure(served(slots, candidates)),
        meter.measure(served(slots, rollout.from().versions())));
  }

  /** When something is to be looked at again that no change will point to. */
  private void scheduleTick() {
    long now = nanoClock.getAsLong();
    long wait = Long.MAX_VALUE;
    for (Declared deployment : declared.all()) {
      if (isBaking(deployment)) {
        wait = Math.min(wait, ROLLOUT_TICK_NANOS);
      }
      SortedMap<Long, Slot> slots = deployed.get(deployment.name());
      for (Slot slot : slots == null ? List.<Slot>of() : slots.values()) {
        if (slot.served == null && slot.attempts > 0) {
          wait = Math.min(wait, Math.max(ROLLOUT_TICK_NANOS, slot.retryNanos - now));
        }
      }
    }
    if (wait == Long.MAX_VALUE || closing.get()) {
      return;
    }
    if (nextTick != null) {
      nextTick.cancel(false); // one at a time
    }
    nextTick = control.schedule(this::tick, wait, TimeUnit.NANOSECONDS);
  }

  private static boolean isBaking(Declared deployment) {
    return deployment.rollout().filter(r -> r.phase() == Rollout.Phase.BAKING).isPresent();
  }

  private void tick() {
    for (Declared deployment : declared.all()) {
      SortedMap<Long, Slot> slots = deployed.get(deployment.name());
      if (slots == null || closing.get()) {
        continue;
      }
      try {
        if (slots.values().stream().anyMatch(slot -> slot.served == null && slot.attempts > 0)) {
          reconcile(deployment);
        } else if (isBaking(deployment)) {
          shift(deployment, slots);
          retireAllBut(deployment, slots);
        }
      } catch (RuntimeException | Error e) {
        log.error("deployment {}: a look failed, what was loaded stays", deployment.name(), e);
      }
    }
    scheduleTick();
  }

  private void beginStep(Declared deployment, SortedMap<Long, Slot> slots) {
    publish();
    meters.put(deployment.name(), new StepMeter(served(slots, slots.keySet())));
  }

  private static List<ServedVersion> served(SortedMap<Long, Slot> slots, Set<Long> versions) {
    List<ServedVersion> served = new ArrayList<>();
    for (long version : versions) {
      Slot slot = slots.get(version);
      if (slot != null && slot.served != null) {
        served.add(slot.served);
      }
    }
    return served;
  }

  /** Why the new versions of a rollout cannot take over; empty if they can, or may yet. */
  private static Optional<String> obstacle(
      Declared deployment, Rollout rollout, SortedMap<Long, Slot> slots) {
    for (long version : rollout.to().versions()) {
      Slot slot = slots.get(version);
      if (slot != null && slot.served == null && isGivenUp(slot)) {
        return Optional.of("version " + version + ": " + slot.reason);
      }
    }
    if (deployment.spec().update().allowSignatureChange()) {
      return Optional.empty();
    }
    for (ServedVersion old : served(slots, rollout.from().versions())) {
      for (ServedVersion next : served(slots, rollout.to().versions())) {
        if (!old.signature().inputs().equals(next.signature().inputs())
            || !old.signature().outputs().equals(next.signature().outputs())) {
          return Optional.of(
              "version %d takes %s and gives %s; version %d takes %s and gives %s (expected the same, or allow_signature_change)"
                  .formatted(
                      old.version(),
                      old.signature().inputs(),
                      old.signature().outputs(),
                      next.version(),
                      next.signature().inputs(),
                      next.signature().outputs()));
        }
      }
    }
    return Optional.empty();
  }

  /** Takes down what nobody is sent to any more. */
  private void retireAllBut(Declared deployment, SortedMap<Long, Slot> slots) {
    List<Long> needed = deployment.needed();
    // while the new stable version is not there, after a restart, whatever is there serves
    boolean complete = served(slots, deployment.traffic().versions()).size() > 0;
    List<Long> superfluous = new ArrayList<>(slots.keySet());
    superfluous.removeAll(needed);
    for (long number : superfluous) {
      Slot slot = slots.get(number);
      if (slot != null && (complete || slot.served == null)) {
        slots.remove(number);
        publish();
        retire(deployment.name(), slot);
      }
    }
  }

  // --- one version

  private void tryLoad(
      String name, ModelEntry entry, ModelVersion version, ModelManifest manifest, Slot slot) {
    if (version.problem().isPresent()) {
      failed(name, version, slot, version.problem().get());
      return;
    }
    if (!version.settled() && !firstPass && !takesAsListed) {
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
          loader.load(artifact.named(name), manifest, () -> note(slot, VersionState.WARMING, ""));
      slot.loadNanos = nanoClock.getAsLong() - begin;
      install(name, version, slot, loaded, artifact);
    } catch (AlteredException e) {
      failed(name, version, slot, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      // not noted as tried: the next look at the repository tries again
      release(artifact);
      note(slot, VersionState.FAILED, e.getMessage() != null ? e.getMessage() : e.toString());
      log.warn("model {} version {}: {}", name, version.number(), slot.reason);
    } catch (ModelLoadException e) {
      release(artifact);
      failed(name, version, slot, e.getMessage() != null ? e.getMessage() : e.toString());
    } catch (Throwable e) {
      // whatever a model does to its engine, the others are still to be loaded
      release(artifact);
      log.error("model {} version {}: loading failed", name, version.number(), e);
      failed(name, version, slot, e.toString());
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

  private void failed(String name, ModelVersion version, Slot slot, String reason) {
    slot.fingerprint = version.fingerprint();
    note(slot, VersionState.FAILED, reason);
    log.error(
        "model {} version {}: {}{}",
        name,
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
          if (!deployed.containsKey(name) || isServing(slots)) {
            publish(name, slots, Traffic.NONE, Routes.Sticky.NONE, table, statuses);
          }
        });
    for (Declared deployment : declared.all()) {
      SortedMap<Long, Slot> slots = deployed.get(deployment.name());
      if (slots != null && (isServing(slots) || !table.containsKey(deployment.name()))) {
        Routes.Sticky sticky = Routes.Sticky.of(deployment.spec());
        statuses.removeIf(status -> status.name().equals(deployment.name()));
        publish(deployment.name(), slots, deployment.traffic(), sticky, table, statuses);
      }
    }
    routes.publish(table, statuses);
    shadows.align(declared.all(), routes);
  }

  private static boolean isServing(SortedMap<Long, Slot> slots) {
    return slots.values().stream().anyMatch(slot -> slot.served != null);
  }

  private static void publish(
      String name,
      SortedMap<Long, Slot> slots,
      Traffic traffic,
      Routes.Sticky sticky,
      Map<String, Routes.Route> table,
      List<ModelStatus> statuses) {
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
      table.put(name, new Routes.Route(ready, traffic, sticky));
    }
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
    deployed.forEach((name, slots) -> slots.values().forEach(slot -> retire(name, slot)));
    deployed.clear();
    publish();
  }
}
