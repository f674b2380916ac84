// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.deployment.Declared;
import dev.millrace.backends.deployment.Deployments;
import dev.millrace.backends.deployment.Traffic;
import dev.millrace.backends.gate.MetricSource;
import dev.millrace.backends.model.Backend;
import dev.millrace.backends.repository.ModelEntry;
import dev.millrace.backends.repository.ModelRepository;
import dev.millrace.backends.threads.Niceness;
import dev.millrace.batching.Fairness;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings what serves in line with what the repository holds and what is declared.
 *
 * <p>Every model of the repository is served under its own name, unless a deployment of that name
 * is declared: then what that says is served under it.
 *
 * <p>Three threads. One asks the repository, which may take long: what there is ({@link
 * ModelRepository#list}), and which versions deployments mean ({@link Selectors}). One loads, what
 * others have fetched ({@link Loads}). The control thread waits for none of them: it decides what
 * is to be loaded, sees how far rollouts have come, publishes the routes, and lets what is replaced
 * drain. So a bad version is rolled back in time, whatever else is being loaded or cannot be
 * reached.
 */
public final class Reconciler implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Reconciler.class);

  private static final long PROGRESS_NANOS = 1_000_000_000;

  /** Between two looks at whether somebody calls what is loaded on demand. */
  private static final long IDLE_TICK_NANOS = 500_000_000;

  /** Between two looks at a version whose files arrive. */
  private static final long ARRIVING_NANOS = 500_000_000;

  /** Between two looks at rollouts that are under way. */
  private static final long ROLLOUT_TICK_NANOS = 50_000_000;

  private final ModelRepository repository;
  private final Routes routes;
  private final Deployments declared;
  private final boolean serveListed;
  private final LongSupplier nanoClock;
  private final LongSupplier drainNanos;
  private final ScheduledExecutorService control = thread("control");
  private final ScheduledExecutorService asking = thread("repository");
  private final Selectors selectors;
  private final Loads loads;
  private final ListedModels models;
  private final DeployedModels deployed;
  private final TopUps topUps;
  private final Room room;
  private final Janitor janitor;
  private volatile boolean polling;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final AtomicBoolean isLookDue = new AtomicBoolean();
  private final Set<String> waking = ConcurrentHashMap.newKeySet();
  private final CountDownLatch firstPassDone = new CountDownLatch(1);

  private final Repeated looks = new Repeated(asking, this::lookAtAll);
  private final Repeated selectorLooks = new Repeated(asking, this::lookAtSelectors);

  // owned by the control thread
  private final Chosen chosen;
  private final List<AskedLoad> askedLoads = new ArrayList<>();
  private final Shadows shadows = new Shadows();
  private @Nullable ScheduledFuture<?> nextTick;
  private final List<CompletableFuture<Void>> awaitingRest = new ArrayList<>();
  private boolean wasListed;
  private long lastProgressNanos;

  // owned by the thread that asks
  private String lastListFailure = "";

  /**
   * @param declared deployments beside, or in place of, the repository's models
   * @param serveListed whether the repository's models are served without being declared
   * @param chosen which of them
   * @param memory that models may take
   * @param drainNanos asked how long requests may take to finish on a version that was replaced
   * @param inlining which batches event loops may run
   * @param fairness how tenants share each model
   * @param metrics that gates may limit
   */
  public Reconciler(
      ModelRepository repository,
      Collection<Backend> backends,
      Routes routes,
      Deployments declared,
      boolean serveListed,
      Chosen chosen,
      MemoryLedger memory,
      LongSupplier drainNanos,
      Inlining inlining,
      Fairness fairness,
      MetricSource metrics,
      LongSupplier nanoClock) {
    this.repository = repository;
    Map<String, Backend> byName = new HashMap<>();
    backends.forEach(backend -> byName.put(backend.name(), backend));
    this.janitor = new Janitor(RunLimits.DEFAULT, nanoClock);
    this.routes = routes;
    this.declared = declared;
    this.serveListed = serveListed;
    this.chosen = chosen;
    this.drainNanos = drainNanos;
    this.nanoClock = nanoClock;
    this.selectors = new Selectors(repository);
    this.room = new Room(memory, this::makeRoom, control, drainNanos);
    this.loads =
        new Loads(
            new LoadStages(
                repository,
                new Loader(byName, memory.gpus(), inlining, fairness, janitor, nanoClock),
                room,
                routes::ready,
                nanoClock),
            control,
            this::publish,
            this::afterChange,
            drainNanos,
            nanoClock);
    this.models = new ListedModels(loads, this::publish, nanoClock);
    this.deployed =
        new DeployedModels(
            repository, declared, routes, loads, metrics, memory, this::publish, nanoClock);
    this.topUps = new TopUps(loads, this::serving);
    memory.onRoom(this::roomIsThere);
    memory.gpus().onRoom(this::roomIsThere);
  }

  private static ScheduledExecutorService thread(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        task -> Thread.ofPlatform().name(name).daemon().unstarted(task));
  }

  /**
   * Begins to load everything there is; {@link #awaitFirstPass} tells when that is done.
   *
   * @param pollNanos how often to look for changes in the repository afterwards; 0 for never
   * @param selectorPollNanos how often to find out what deployments' aliases mean
   */
  public void start(long pollNanos, long selectorPollNanos) {
    janitor.start();
    polling = pollNanos > 0;
    declared.onChange(this::declarationsChanged);
    routes.onCall(this::wake);
    control.execute(this::reconcileDeclared); // stable versions are known without a registry
    asking.execute(this::lookAtAll);
    if (polling) {
      looks.every(pollNanos);
    }
    selectorLooks.every(selectorPollNanos);
  }

  /** Looks for changes in the repository that often from now on. Any thread. */
  public void pollEvery(long nanos) {
    looks.every(nanos);
  }

  /** Finds out that often what aliases mean. Any thread. */
  public void pollSelectorsEvery(long nanos) {
    selectorLooks.every(nanos);
  }

  /** What is declared, or what aliases mean, has changed; returns soon. Any thread. */
  public void declarationsChanged() {
    if (closing.get()) {
      return;
    }
    if (isLookDue.compareAndSet(false, true)) { // several changes, one look
      asking.execute(this::lookAtSelectors);
    }
    control.execute(this::reconcileDeclared); // what was deleted goes, whatever else takes long
    // what serves already gets its replicas before this is answered
    for (Declared deployment : declared.all()) {
      for (ServedVersion served : routes.ready(deployment.name())) {
        DeployedModels.scale(served, deployment.spec(), served.wantedReplicas());
      }
    }
  }

  /** A deployment that is not loaded is called; returns soon. Any thread. */
  private void wake(String name) {
    if (!closing.get() && waking.add(name)) { // several calls, one look
      control.execute(
          () -> {
            waking.remove(name);
            if (deployed.wake(name)) {
              publish();
              afterChange();
            }
          });
    }
  }

  /** Memory for what others load beside. */
  public Room room() {
    return room;
  }

  /** Returns when each model that was there at the start has been tried once, or on close. */
  public void awaitFirstPass() throws InterruptedException {
    firstPassDone.await();
  }

  /**
   * Looks at the repository now, beside whatever polling there is, and returns when what that asks
   * for has been tried.
   */
  public void reconcile() throws InterruptedException {
    CompletableFuture<Void> rest = new CompletableFuture<>();
    asking.execute(
        () -> {
          lookAtAll();
          control.execute(
              () -> {
                awaitingRest.add(rest);
                afterChange();
              });
        });
    try {
      rest.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a pass over " + repository.location() + " failed", e);
    }
  }

  // --- models by choice

  /** Somebody waits for a model to be loaded. */
  private record AskedLoad(String model, CompletableFuture<Optional<String>> answer) {
    boolean isAnswered(ListedModels models, Chosen chosen) {
      if (models.isLoading(model)) {
        return false;
      }
      if (!models.names().contains(model)) {
        chosen.remove(model); // one that comes later is somebody else's
      }
      return answer.complete(models.problem(model));
    }
  }

  /**
   * Has a model of the repository be served, as it is there now.
   *
   * @return completed when it has been tried, with the reason if it cannot be served
   */
  public CompletableFuture<Optional<String>> choose(String model) {
    CompletableFuture<Optional<String>> answer = new CompletableFuture<>();
    if (closing.get()) {
      answer.complete(Optional.of("the gateway is stopping"));
      return answer;
    }
    asking.execute(
        () -> {
          List<ModelEntry> entries;
          try {
            entries = repository.list();
          } catch (IOException | RuntimeException e) {
            answer.complete(Optional.of(repository.location() + " cannot be read: " + e));
            return;
          }
          control.execute(
              () -> {
                models.list(entries);
                chosen.add(model);
                models.tryAgain(model);
                models.reconcile(this::isServedAsListed, true);
                publish();
                askedLoads.add(new AskedLoad(model, answer));
                afterChange();
              });
        });
    return answer;
  }

  /** Has a model of the repository not be served; requests that it has are answered. */
  public CompletableFuture<Void> unchoose(String model) {
    return CompletableFuture.runAsync(
        () -> {
          chosen.remove(model);
          models.takeDown(model);
          publish();
        },
        control);
  }

  // --- the thread that asks

  private void lookAtAll() {
    try {
      List<ModelEntry> entries = serveListed ? repository.list() : List.of();
      lastListFailure = "";
      control.execute(() -> models.list(entries));
    } catch (IOException e) {
      String failure = e.toString();
      if (!lastListFailure.equals(failure) && !closing.get()) { // once, not once a pass
        log.error("{}: cannot be read, what was loaded stays ({})", repository.location(), failure);
      }
      lastListFailure = failure;
    } catch (RuntimeException | Error e) {
      // an exception that left this method would end polling without a word
      log.error("a look at {} failed, what was loaded stays", repository.location(), e);
    }
    // what is known is loaded while a registry may take its time to say what aliases mean
    control.execute(
        () -> {
          wasListed = true;
          reconcileAll(false);
        });
    resolveSelectors();
    control.execute(() -> reconcileAll(false));
  }

  private void lookAtSelectors() {
    resolveSelectors();
    control.execute(this::reconcileDeclared);
  }

  private void lookSoon() {
    if (!closing.get() && isLookDue.compareAndSet(false, true)) {
      asking.schedule(this::lookAtSelectors, ARRIVING_NANOS, TimeUnit.NANOSECONDS);
    }
  }

  private void resolveSelectors() {
    isLookDue.set(false);
    for (Declared deployment : declared.all()) {
      if (closing.get()) {
        return;
      }
      try {
        if (selectors.look(deployment)) {
          lookSoon();
        }
      } catch (RuntimeException | Error e) {
        log.error("deployment {}: a look failed, what was loaded stays", deployment.name(), e);
      }
    }
  }

  // --- the control thread

  private void reconcileDeclared() {
    reconcileAll(!polling); // without polling, what was listed at the start is all there will be
  }

  /**
   * Brings what serves in line with what is declared and listed.
   *
   * @param takesAsListed whether what seems to be on its way in is loaded as it is
   */
  private void reconcileAll(boolean takesAsListed) {
    if (closing.get()) {
      return;
    }
    try {
      deployed.reconcile(); // before the models of the same names
      for (Declared deployment : declared.all()) {
        if (deployed.isServing(deployment.name())) {
          models.takeDown(deployment.name()); // served without being declared until now
        }
      }
      if (wasListed) {
        models.reconcile(this::isServedAsListed, takesAsListed);
      }
    } catch (RuntimeException | Error e) {
      log.error("a pass over what is served failed, what was loaded stays", e);
    }
    publish();
    afterChange();
  }

  private boolean makeRoom(long missingBytes) {
    boolean made = deployed.makeRoom(missingBytes);
    publish();
    return made;
  }

  /** More memory is free than before; any thread. */
  private void roomIsThere() {
    try {
      control.execute(this::takeRoom);
    } catch (RejectedExecutionException e) {
      // closed meanwhile: nothing waits for it
    }
  }

  private void takeRoom() {
    if (!closing.get()) {
      if (deployed.takeRoom()) {
        declarationsChanged();
      }
      models.takeRoom(!polling);
      topUps.roomIsThere();
      scheduleTick();
    }
  }

  private void tick() {
    deployed.tick();
    models.retry(!polling);
    topUps.look();
    scheduleTick();
  }

  private Stream<ServedVersion> serving() {
    return Stream.of(models.slots(), deployed.slots())
        .flatMap(byName -> byName.values().stream())
        .flatMap(slots -> slots.values().stream())
        .map(slot -> slot.served)
        .filter(Objects::nonNull);
  }

  private boolean isServedAsListed(String model) {
    return chosen.contains(model) && !deployed.isServing(model);
  }

  /** What is to be done when nothing is being loaded any more, and when to look again. */
  private void afterChange() {
    if (wasListed && loads.pending() == 0) {
      if (firstPassDone.getCount() > 0) {
        log.info("{} models, {} ready", models.size(), routes.readyModels());
        routes.firstPassDone();
        firstPassDone.countDown();
        giveWay();
      }
      awaitingRest.forEach(rest -> rest.complete(null));
      awaitingRest.clear();
    }
    askedLoads.removeIf(asked -> asked.isAnswered(models, chosen));
    progress();
    scheduleTick();
  }

  /** From now on there are requests to give way to; until now being ready soon was all. */
  private void giveWay() {
    Niceness.giveWay();
    loads.giveWay();
    try {
      asking.execute(Niceness::giveWay);
    } catch (RejectedExecutionException e) {
      // closed meanwhile: nothing is prepared any more
    }
  }

  /** While models are loaded at the start: a line a second. */
  private void progress() {
    long now = nanoClock.getAsLong();
    if (firstPassDone.getCount() > 0 && now - lastProgressNanos >= PROGRESS_NANOS) {
      lastProgressNanos = now;
      log.info(
          "{} of {} models ready, {} versions to be loaded",
          routes.readyModels(),
          models.size(),
          loads.pending());
    }
  }

  /** When something is to be looked at again that no change will point to. */
  private void scheduleTick() {
    long wait = deployed.isBaking() ? ROLLOUT_TICK_NANOS : Long.MAX_VALUE;
    if (deployed.mayFallAsleep()) {
      wait = Math.min(wait, IDLE_TICK_NANOS);
    }
    long untilRetry =
        Math.min(topUps.untilNext(), Math.min(deployed.untilRetry(), models.untilRetry()));
    if (untilRetry != Long.MAX_VALUE) {
      wait = Math.min(wait, Math.max(ROLLOUT_TICK_NANOS, untilRetry));
    }
    if (nextTick != null) {
      nextTick.cancel(false); // one at a time
      nextTick = null;
    }
    if (wait != Long.MAX_VALUE && !closing.get()) {
      nextTick = control.schedule(this::tick, wait, TimeUnit.NANOSECONDS);
    }
  }

  private void publish() {
    Map<String, Routes.Route> table = new HashMap<>();
    List<ModelStatus> statuses = new ArrayList<>();
    models
        .slots()
        .forEach(
            (name, slots) -> {
              if (!deployed.slots().containsKey(name) || isServing(slots)) {
                publish(name, slots, Traffic.NONE, Routes.Sticky.NONE, table, statuses);
              }
            });
    for (String name : models.names()) {
      if (!chosen.contains(name)) {
        statuses.add(new ModelStatus(name, 0, VersionState.UNLOADED, "unloaded", false, 0));
      }
    }
    for (Declared deployment : declared.all()) {
      SortedMap<Long, Slot> slots = deployed.slots().get(deployment.name());
      if (slots != null && (isServing(slots) || !table.containsKey(deployment.name()))) {
        Routes.Sticky sticky = Routes.Sticky.of(deployment.spec());
        statuses.removeIf(status -> status.name().equals(deployment.name()));
        publish(deployment.name(), slots, deployment.traffic(), sticky, table, statuses);
      }
    }
    for (Declared deployment : declared.all()) {
      if (deployed.isAsleep(deployment)) {
        long version =
            deployment.stable().versions().isEmpty() ? 0 : deployment.stable().versions().last();
        statuses.add(
            new ModelStatus(
                deployment.name(),
                version,
                VersionState.UNLOADED,
                "asleep, and loaded when it is called",
                false,
                0));
      }
    }
    routes.publish(table, statuses, deployed.dormant());
    shadows.align(declared.all(), routes);
  }

  private static boolean isServing(SortedMap<Long, Slot> slots) {
    return slots.values().stream().anyMatch(Slot::isServing);
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
          statuses.add(
              new ModelStatus(
                  name,
                  version,
                  slot.isServing() ? VersionState.READY : slot.state,
                  slot.describe(),
                  slot.required,
                  slot.loadNanos));
        });
    if (!ready.isEmpty()) {
      table.put(name, new Routes.Route(ready, traffic, sticky));
    }
  }

  // --- closing

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
    long end = nanoClock.getAsLong() + drainNanos.getAsLong();
    asking.shutdownNow();
    loads.stop();
    try {
      control.submit(this::unloadAll).get(drainNanos.getAsLong(), TimeUnit.NANOSECONDS);
      loads.awaitLoad(end);
      // what was loaded just now is let go of as well
      loads.awaitDrained(
          control.submit(loads::draining).get(drainNanos.getAsLong(), TimeUnit.NANOSECONDS), end);
    } catch (TimeoutException e) {
      log.warn("the control thread is busy: not waiting for it");
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
    models.slots().values().forEach(slots -> slots.values().forEach(loads::retire));
    models.slots().clear();
    deployed.slots().values().forEach(slots -> slots.values().forEach(loads::retire));
    deployed.slots().clear();
    publish();
    awaitingRest.forEach(rest -> rest.complete(null));
    askedLoads.forEach(asked -> asked.answer().complete(Optional.of("the gateway is stopping")));
  }
}
