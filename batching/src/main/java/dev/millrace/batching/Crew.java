// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import dev.millrace.batching.cost.RunsInFlight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The replicas of a queue that wait in {@link BatchQueue#take}, as far as the leader knows of them:
 * who runs a batch, and until when by prediction. Owned by the leader, except that a replica says
 * itself when it is back ({@link Batch#isBack}).
 *
 * <p>Of those on a {@link SharedDevice} only so many serve at a time as its runs in flight are
 * limited to: to all that is decided they are as many independent replicas, which take as long as
 * they do in that company.
 */
final class Crew {
  /** As many replicas as a model may have, and more than there can be event loops. */
  static final int MOST_MEMBERS = 128;

  /** Of the time that was predicted, what a run may take before it is not counted on any more. */
  private static final int SUSPECT_TIMES = 4;

  /** Shorter ones are pauses of the machine. */
  private static final long LEAST_SUSPECT_NANOS = 100_000_000;

  private final RunsInFlight inFlight;
  private final List<Batch<?>> members = new ArrayList<>();
  private final List<SharedDevice> devices = new ArrayList<>();
  private long[] busyUntil = new long[4];
  private int busy;
  private int serving = 1;
  private int ready;

  Crew(RunsInFlight inFlight) {
    this.inFlight = inFlight;
  }

  void join(Batch<?> batch) {
    if (!members.contains(batch)) {
      members.add(batch);
      busyUntil = new long[Math.max(4, members.size())];
      if (batch.sharesDevice() && deviceOf(batch) == null) {
        devices.add(new SharedDevice(batch.device()));
      }
      countShares();
    }
  }

  void leave(Batch<?> batch) {
    members.remove(batch);
    countShares();
  }

  /** Whether a replica's device has room for another batch. */
  boolean mayStart(Batch<?> batch) {
    SharedDevice device = deviceOf(batch);
    return device == null || device.isOpen(inFlight.limit());
  }

  /** Whether a batch that starts now would be the only one where others may join it. */
  boolean mayBeJoined(Batch<?> batch) {
    SharedDevice device = deviceOf(batch);
    return device != null && device.running() == 0 && inFlight.limit() > 1;
  }

  /**
   * A batch starts on its device.
   *
   * @param alone whether no other may start there before it has ended
   */
  void start(Batch<?> batch, long nowNanos, boolean alone) {
    SharedDevice device = deviceOf(batch);
    if (device != null) {
      device.start(nowNanos, batch.nanosWith(), alone);
      batch.onDevice = true;
    }
  }

  /** Tells devices of batches that have ended, in the order in which they have. */
  void settle() {
    for (Batch<?> ended = firstEnded(); ended != null; ended = firstEnded()) {
      leaveDevice(ended, ended.endNanos());
    }
  }

  private @Nullable Batch<?> firstEnded() {
    Batch<?> first = null;
    for (int i = 0; i < members.size() && !devices.isEmpty(); i++) {
      Batch<?> batch = members.get(i);
      if (batch.onDevice
          && batch.hasEnded()
          && (first == null || batch.endNanos() < first.endNanos())) {
        first = batch;
      }
    }
    return first;
  }

  private void leaveDevice(Batch<?> batch, long nowNanos) {
    SharedDevice device = deviceOf(batch);
    if (device != null && batch.onDevice) {
      device.end(nowNanos, batch.nanosWith());
      batch.onDevice = false;
    }
  }

  private @Nullable SharedDevice deviceOf(Batch<?> batch) {
    for (int i = 0; i < devices.size(); i++) {
      if (devices.get(i).index() == batch.device()) {
        return devices.get(i);
      }
    }
    return null;
  }

  /** Looks who runs. */
  void look(long nowNanos) {
    int suspects = 0;
    busy = 0;
    settle();
    // one that has ended after that is counted on its device, and has to leave that first
    if (members.removeIf(batch -> batch.isGone() && !batch.onDevice)) {
      countShares();
    }
    for (int i = 0; i < members.size(); i++) {
      Batch<?> batch = members.get(i);
      batch.suspect = false;
      if (!batch.isRunning()) {
        continue;
      }
      long expected = batch.expectedNanos();
      long allowed = Math.max(LEAST_SUSPECT_NANOS, SUSPECT_TIMES * expected);
      if (nowNanos - batch.takenNanos() > allowed) {
        suspects++;
        batch.suspect = true;
        leaveDevice(batch, nowNanos);
      } else {
        busyUntil[busy++] = batch.takenNanos() + expected;
      }
    }
    int surplus = surplus();
    serving = Math.clamp(members.size() - suspects - surplus, 1, MOST_MEMBERS);
    ready = surplus;
    Arrays.sort(busyUntil, 0, busy);
  }

  /** Replicas of devices that have more of them than runs in flight. Suspects are none. */
  private int surplus() {
    int surplus = 0;
    for (int i = 0; i < devices.size(); i++) {
      surplus += Math.max(0, countOn(devices.get(i)) - inFlight.limit());
    }
    return surplus;
  }

  private int countOn(SharedDevice device) {
    int count = 0;
    for (int i = 0; i < members.size(); i++) {
      Batch<?> batch = members.get(i);
      count += batch.device() == device.index() && !batch.suspect ? 1 : 0;
    }
    return count;
  }

  private void countShares() {
    int most = 0;
    for (int i = 0; i < devices.size(); i++) {
      most = Math.max(most, countOn(devices.get(i)));
    }
    if (most > 0) {
      inFlight.share(most);
    }
  }

  /**
   * When the replica is free that is number {@code index} in the order of that, suspects left out;
   * 0 for now.
   */
  long freeNanos(int index) {
    int idle = serving - busy();
    return index < idle ? 0 : busyUntil[index - idle];
  }

  int busy() {
    return Math.min(busy, serving);
  }

  int serving() {
    return serving;
  }

  /** Replicas that serve as soon as their device is to have more runs in flight. */
  int ready() {
    return ready;
  }

  /** Devices that are shared. */
  int devices() {
    return devices.size();
  }

  long busyUntilNanos(int index) {
    return busyUntil[index];
  }
}
