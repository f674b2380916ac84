// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.DeviceFault;
import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.InputChecker;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.model.Padder;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.batching.BatchQueue;
import dev.millrace.batching.Fairness;
import dev.millrace.batching.QueueReport;
import dev.millrace.batching.Rejection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One version of a model that serves: its queue and its replicas.
 *
 * <p>Whoever wants to use it takes a lease ({@link #acquire}) and gives it back ({@link #release});
 * {@link #close} refuses further leases, waits for the last one, and only then frees the model:
 * engines die of a model that is freed under a run.
 */
public final class ServedVersion {
  private static final Logger log = LoggerFactory.getLogger(ServedVersion.class);

  /** Between two looks at whether what runs while this is closed has come under suspicion. */
  private static final Duration CLOSING_LOOK = Duration.ofMillis(100);

  /** For a replica to get ready that began before this is closed. */
  private static final Duration READY_GRACE = Duration.ofSeconds(30);

  /** For a run that was terminated to end, and its thread. */
  private static final Duration TERMINATION_GRACE = Duration.ofSeconds(2);

  private final String name;
  private final long version;
  private final String platform;
  private final ModelManifest manifest;
  private final LoadedModel model;
  private final WarmUp warmUp;
  private final Placed placed;
  private final ModelSignature signature;
  private final InputChecker checker;
  private final LongSupplier nanoClock;
  private final BatchQueue<InferTask> queue;
  private final Refusals refusals;
  private final Entrance entrance;

  /** Event loops cannot wait for a batch to fill. */
  private final boolean mayRunInline;

  private final ServingStatistics statistics = new ServingStatistics();

  /** Who runs copies of what this one answers; replaced whole, by the control thread. */
  private volatile List<Mirror> mirrors = List.of();

  private final Replicas replicas;

  /** Those that it was made with. */
  private final List<Replica> first;

  private final InlineReplicas inlineReplicas;
  private final InlineCost inlineCost;
  private final RunWatches runs;

  private final Janitor janitor;

  /** Whether the janitor looks after this served version, or is about to; the janitor's. */
  final AtomicBoolean watched = new AtomicBoolean();

  /** The next one that is watched; written by whoever has set {@link #watched}, and the janitor. */
  @Nullable ServedVersion watchedNext;

  private final Leases leases;

  /** Completed when a device that it runs on is lost. */
  private final CompletableFuture<DeviceLoss> loss = new CompletableFuture<>();

  /** Leases among them that are no request's. */
  private final AtomicInteger standingLeases = new AtomicInteger();

  /**
   * Starts a served version's replicas.
   *
   * @param runners one per replica, warm; owned by the served version from here on
   * @param warmUp for replicas to come
   * @param timings what batches took at the warm-up, for those that run on cores
   * @param inlining which batches event loops may run
   * @param fairness how tenants share the queue
   * @param janitor told whenever something may have to wait
   */
  ServedVersion(
      String name,
      long version,
      String platform,
      ModelManifest manifest,
      Placed placed,
      List<Runner> runners,
      WarmUp warmUp,
      List<WarmUp.Timing> timings,
      Inlining inlining,
      Fairness fairness,
      Janitor janitor,
      LongSupplier nanoClock) {
    this.name = name;
    this.version = version;
    this.platform = platform;
    this.manifest = manifest;
    this.model = placed.model();
    this.warmUp = warmUp;
    this.placed = placed;
    this.signature = model.signature();
    // more than the queue holds at all could never be served, idle or not
    this.checker =
        new InputChecker(
            name,
            signature,
            Math.min(manifest.limits().maxRequestRows(), manifest.limits().maxQueuedRows()),
            Padder.of(signature, manifest.options().padding()));
    this.nanoClock = nanoClock;
    this.leases = new Leases(nanoClock);
    this.queue = TaskQueues.of(signature, manifest, fairness, nanoClock);
    this.refusals =
        new Refusals(
            name, manifest, queue, nanoClock, () -> ThreadLocalRandom.current().nextDouble());
    this.entrance = new Entrance(manifest.scheduling());
    // a run on a GPU is a wait, and on a loop's thread it would be without the replica's graphs
    this.mayRunInline =
        manifest.scheduling().batching().queueDelayNanos() == 0 && model.runsOnCores();
    this.inlineCost = new InlineCost(inlining.budget().toNanos(), timings);
    this.inlineReplicas = new InlineReplicas(this, model, queue, inlineCost, inlining.eventLoops());
    this.janitor = janitor;
    this.runs =
        new RunWatches(this, janitor.runLimits().withMaxRunNanos(manifest.limits().maxRunNanos()));
    this.replicas =
        new Replicas(
            this,
            manifest.replicas(),
            (runner, failed) -> new Replica(this, queue, runner, inlineCost, failed),
            this::newWarmRunner);
    this.first = replicas.startAll(runners);
    if (model.runsOnCores()) {
      TaskQueues.seed(queue, timings, manifest, signature);
      first.forEach(Replica::begin);
    }
  }

  /**
   * Waits until the replicas that it was made with are ready to take batches, if they run on a GPU,
   * where that may take seconds: requests are not to wait for it. What batches take is measured
   * then, since runs are captured by now, and one at a time.
   *
   * @param isGivenUp asked every now and then whether to wait no longer
   * @throws ModelLoadException if one hangs, or its device is lost, or none can be had; then this
   *     is to be closed
   */
  void awaitReplicas(BooleanSupplier isGivenUp) throws ModelLoadException {
    if (model.runsOnCores()) {
      return;
    }
    Opening opening = new Opening(nanoClock, isGivenUp);
    try {
      opening.await(
          first, runner -> TaskQueues.seed(queue, warmUp.measure(runner), manifest, signature));
    } catch (ModelLoadException e) {
      if (opening.hasGivenUp()) { // else those that have not answered yet are about to
        replicas.leaveBehind();
      }
      throw e;
    }
  }

  /** Some of its replicas could not be had. */
  void lacksReplicas(NoReplicaException why) {
    replicas.lack(why);
  }

  /** Has somebody told whenever replicas are missing, or none is any more; of whatever thread. */
  void onReplicasChange(Runnable listener) {
    replicas.onChange(listener);
  }

  /** More memory is free than before, which missing replicas may have lacked. */
  void roomIsThere() {
    replicas.roomIsThere(nanoClock.getAsLong());
  }

  /** Nanoseconds until missing replicas are to be tried again; the largest number for never. */
  long untilTopUp() {
    return replicas.untilTopUp(nanoClock.getAsLong());
  }

  /** Whether the caller is to see to {@link #topUp} now. */
  boolean takeTopUp() {
    return replicas.takeTopUp(nanoClock.getAsLong());
  }

  /** Adds replicas that are missing, as far as they can be had; may take seconds for each. */
  void topUp() {
    if (acquireStanding()) {
      try {
        replicas.topUp();
      } finally {
        releaseStanding();
      }
    }
  }

  /** A replica of it has ended by a failure. */
  void failed(Throwable cause) {
    if (cause instanceof ModelRunException run && run.fault() == DeviceFault.DEVICE_LOST) {
      lost(run.device(), String.valueOf(run.getMessage()));
    }
  }

  /**
   * Changes the number of replicas: new ones are warm when they take their first batch, those that
   * leave finish the one they run. Returns at once but for the warm-up. Nothing if the version is
   * on its way out. If one cannot be had, which is thrown, it is added when it can.
   *
   * @param count 1 or more
   */
  public void scaleTo(int count) {
    if (!acquire()) {
      return;
    }
    try {
      replicas.scaleTo(count);
    } finally {
      release();
    }
  }

  /**
   * Supposes that batches cost what those of other versions do, and has the event loops that run
   * these have a warm runner of this one: it is about to take over. Before it gets requests.
   */
  void takeOverFrom(List<ServedVersion> others) {
    if (!mayRunInline) {
      return;
    }
    others.forEach(other -> inlineCost.takeOverFrom(other.inlineCost));
    try {
      inlineReplicas.prepare(
          loop -> others.stream().anyMatch(other -> other.inlineReplicas.isUsed(loop)),
          this::newWarmRunnerBeside);
    } catch (RuntimeException | Error e) {
      log.warn("{}: event loops make their runners themselves", this, e);
    }
  }

  /** One more runner, to be closed before this served version is; by whoever has a lease. */
  Runner newWarmRunner() {
    return warm(model.newRunner());
  }

  /** As {@link #newWarmRunner}, for a thread that is none of its replicas. */
  Runner newWarmRunnerBeside() {
    return warm(model.newUnattachedRunner());
  }

  private Runner warm(Runner runner) {
    try {
      warmUp.brief(runner);
    } catch (RuntimeException | Error e) {
      runner.close();
      throw e;
    }
    return runner;
  }

  public String name() {
    return name;
  }

  public long version() {
    return version;
  }

  /** The protocol's name for engine and format. */
  public String platform() {
    return platform;
  }

  public ModelManifest manifest() {
    return manifest;
  }

  public ModelSignature signature() {
    return signature;
  }

  /** What requests to this served version are compared with. */
  public InputChecker checker() {
    return checker;
  }

  public ServingStatistics statistics() {
    return statistics;
  }

  /** In words: how rows of several requests are run, and why so. */
  public String describeBatching() {
    return switch (signature.batching()) {
      case ModelSignature.Batching.Batched batched ->
          "batches of up to " + batched.maxBatchSize() + " rows";
      case ModelSignature.Batching.Unbatched unbatched ->
          "one request at a time: " + unbatched.reason();
    };
  }

  /** What it runs on. */
  public List<Device> devices() {
    return placed.devices();
  }

  /** Why it does not run where it was to; empty if it does. */
  public String placementNote() {
    return placed.note();
  }

  /** In words: what it runs on, and if need be why. */
  public String describeDevices() {
    return placed.describe();
  }

  public int replicaCount() {
    return replicas.count();
  }

  /** Replicas that it is to have: more than there are, while some cannot be had. */
  public int wantedReplicas() {
    return replicas.wanted();
  }

  /** In words: how many of its replicas are there, and why not all; empty if all are. */
  public String missingReplicas() {
    return replicas.shortfall();
  }

  /**
   * Replicas that can be counted on: all but those in a run that lasts far longer than it should.
   */
  public int replicasServing() {
    return replicas.count() - runs.suspectThreads();
  }

  /** Replicas, event loops among them, in a run that lasts far longer than it should. */
  public int suspectReplicas() {
    return runs.suspects();
  }

  /** Runs that were terminated because they did not end by themselves. */
  public long terminatedRuns() {
    return runs.terminatedRuns();
  }

  /** For how long the runs that are in progress have lasted, summed. */
  long lastingRunNanos() {
    return runs.lastingNanos(nanoClock.getAsLong());
  }

  /** Replicas beyond which more cannot be of use; Integer.MAX_VALUE if nothing tells. */
  int usefulReplicas(int cores) {
    return model.runsOnCores()
        ? Math.max(1, Math.ceilDiv(cores, manifest.options().threads()))
        : Integer.MAX_VALUE;
  }

  public int queuedRows() {
    return queue.queuedRows();
  }

  public long queuedBytes() {
    return queue.queuedBytes();
  }

  /** How long a task that comes now has to wait for its turn, by prediction; 0 if unknown. */
  public long waitNanos(InferTask task) {
    return queue.waitNanos(task.rowSize(), task.arrivalNanos());
  }

  /** What the queue has learned and why its batches look as they do. */
  public QueueReport scheduling() {
    return queue.report();
  }

  /** What a run should take; Long.MAX_VALUE if nobody knows. */
  long expectedRunNanos(long rowSize, int rows) {
    long nanos = queue.expectedNanos(rowSize, Math.max(1, rows));
    return nanos > 0 ? nanos : Long.MAX_VALUE;
  }

  /** Sets who runs copies of what this one answers, from now on. */
  void mirrorTo(List<Mirror> others) {
    mirrors = List.copyOf(others);
  }

  /** Who runs copies of what this one answers; nearly always nobody. */
  List<Mirror> mirrors() {
    return mirrors;
  }

  /** What has come of the copies of what this one answers, by the version that runs them. */
  public List<ShadowReport> shadows() {
    return mirrors.stream().map(Mirror::report).toList();
  }

  /** Requests between admission and answer. */
  public int inFlight() {
    return leases.out() - standingLeases.get();
  }

  /** Now, on the clock that arrivals and deadlines are measured by. */
  public long nanoTime() {
    return nanoClock.getAsLong();
  }

  /**
   * What a request may expect that comes now.
   *
   * @throws InferException INVALID if it asks for what is not there
   */
  public Terms terms(long nowNanos, Terms.Asked asked) throws InferException {
    return Terms.of(manifest.scheduling(), nowNanos, asked);
  }

  /** Takes a lease; false if the served version is on its way out: then look for its successor. */
  public boolean acquire() {
    return leases.acquire();
  }

  /** As {@link #acquire}, for somebody who stays, and is no request. */
  boolean acquireStanding() {
    if (!leases.acquire()) {
      return false;
    }
    standingLeases.incrementAndGet();
    return true;
  }

  void releaseStanding() {
    standingLeases.decrementAndGet();
    leases.release();
  }

  /** Gives a lease back. */
  public void release() {
    leases.release();
  }

  /**
   * Queues a task, or answers it at once if it cannot be queued. Never blocks. The task's lease is
   * the task's from here on.
   */
  public void submit(InferTask task) {
    Rejection rejection = enter(task);
    if (rejection == null) {
      rejection = queue.offer(task);
    }
    if (rejection != null) {
      task.reject(rejection);
    } else {
      janitor.watch(this);
    }
  }

  /**
   * Counts a task in that is about to be queued, or says why it is not to be. The task counts
   * itself out, and takes its turn.
   */
  @Nullable Rejection enter(InferTask task) {
    return entrance.enter(task);
  }

  void countOut(int priority) {
    entrance.countOut(priority);
  }

  void answerInTurn(AnswerOrder.Turn turn) {
    entrance.answerInTurn(turn);
  }

  void skipTurn(AnswerOrder.Turn turn) {
    entrance.skipTurn(turn);
  }

  /** To be called by an event loop that leaves something in the queue. */
  void leftWaiting() {
    janitor.watch(this);
  }

  /** The replica on that event loop, if there can be one; to be called there. */
  @Nullable InlineReplica inlineReplica(int loop, LoopReplicas replicas) {
    if (!mayRunInline) {
      return null;
    }
    return inlineReplicas.of(loop, replicas);
  }

  /** Something that looks at the runs of one more replica. */
  RunWatch watchRunsOf(Runner runner, boolean onEventLoop) {
    return runs.add(runner, onEventLoop);
  }

  /** The replica has left. */
  void unwatch(RunWatch watch) {
    runs.remove(watch);
  }

  /** A batch of so many rows did not fit into its device's memory: the next are smaller. */
  void didNotFit(int rows) {
    if (rows > 1) { // what runs alone is told to its caller
      log.warn("{}: a batch of {} rows did not fit into the device's memory", this, rows);
    }
    queue.didNotFit(rows);
  }

  /** A device that it runs on cannot be used any more; of any thread, any number of times. */
  void lost(Device device, String reason) {
    if (loss.complete(new DeviceLoss(device, reason))) {
      log.error("{}: {}", this, reason);
    }
  }

  /** Has somebody told when a device that it runs on is lost, or has been: once. */
  void onLoss(Consumer<DeviceLoss> listener) {
    loss.thenAccept(listener);
  }

  /** To be called when a run was published and before it begins. */
  void runBegan() {
    janitor.watchRun(this);
  }

  /** Whether the janitor has to look after this served version. */
  boolean isActive() {
    return queue.queuedRows() > 0 || runs.anyInProgress();
  }

  /** See {@link RunWatch#look}. The janitor's. */
  void lookAtRuns(long stalledNanos, long lastStalledNanos) {
    if (runs.anyInProgress()) {
      runs.look(nanoClock.getAsLong(), stalledNanos, lastStalledNanos);
    }
  }

  /** Answers what has expired or was cancelled while every replica is busy. The janitor's. */
  void sweep() {
    if (queue.sweep()) {
      inlineReplicas.forEach(InlineReplica::callBack);
    }
  }

  /** Counts a run; answers when that was. */
  long executed(List<InferTask> answered, int rows, long takenNanos, Runner.RunTimes times) {
    long now = nanoClock.getAsLong();
    statistics.executed(answered, rows, takenNanos, now, times, System.currentTimeMillis());
    return now;
  }

  Failure failureOf(Rejection rejection, InferTask task) {
    return refusals.of(rejection, task);
  }

  /** It is about to be closed: no route leads to it. */
  void leave() {
    placed.leave();
  }

  /**
   * Refuses new leases, waits until the last one is back, and frees the model. A run that hangs is
   * terminated, and if that does not help, left alone with its model: an engine would die of it.
   *
   * @param graceNanos how long requests may take to finish; what still waits then is answered with
   *     a failure, and what runs then is waited for, unless it is suspect
   * @return whether everything was freed, and nothing uses the model's files any more
   */
  boolean close(long graceNanos) throws InterruptedException {
    replicas.close();
    leases.close();
    leases.awaitAllBack(Duration.ofNanos(graceNanos));
    queue.close();
    queue.rejectAll(Rejection.CLOSED);
    if (!awaitRuns()) {
      log.error("{}: a run does not end, so its memory is not freed", this);
      return false;
    }
    inlineReplicas.close();
    model.close();
    return !placed.isBesideHung();
  }

  /** False if a run goes on that was terminated. */
  private boolean awaitRuns() throws InterruptedException {
    Duration hung = Duration.ZERO;
    Duration unready = Duration.ZERO;
    // an event loop in a batch of this served version holds the leases of its tasks
    while (!replicas.awaitEnd(CLOSING_LOOK) || !leases.awaitAllBack(CLOSING_LOOK)) {
      runs.terminateSuspects(nanoClock.getAsLong());
      unready = replicas.isAnyUnready() ? unready.plus(CLOSING_LOOK) : Duration.ZERO;
      if (unready.compareTo(READY_GRACE) > 0) {
        replicas.leaveBehind();
      }
      hung = runs.suspects() > 0 || replicas.isAnyStuck() ? hung.plus(CLOSING_LOOK) : Duration.ZERO;
      if (hung.compareTo(TERMINATION_GRACE) > 0) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String toString() {
    return name + " version " + version;
  }
}
