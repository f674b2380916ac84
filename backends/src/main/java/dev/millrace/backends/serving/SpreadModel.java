// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A model on one or more GPUs: its weights are on each of them once, and once more for each further
 * runner if these are not shared. A new runner is given to the one that has the fewest, of those
 * that have room for it. What was reserved of their memory is given back when it is closed.
 */
final class SpreadModel implements LoadedModel {
  private final List<Share> shares;
  private final GpuLedger ledger;

  /** Room for the weights that further runners bring. */
  private final Set<GpuClaim> copies = ConcurrentHashMap.newKeySet();

  /** The model on one GPU. */
  static final class Share {
    private final GpuClaim claim;
    private final LoadedModel model;

    // guarded by the spread model
    private int runners;
    private boolean isTaken;

    Share(GpuClaim claim, LoadedModel model) {
      this.claim = claim;
      this.model = model;
    }
  }

  SpreadModel(List<Share> shares, GpuLedger ledger) {
    this.shares = List.copyOf(shares);
    this.ledger = ledger;
  }

  @Override
  public ModelSignature signature() {
    return shares.getFirst().model.signature();
  }

  @Override
  public Runner newRunner() {
    return newRunner(LoadedModel::newRunner);
  }

  @Override
  public Runner newUnattachedRunner() {
    return newRunner(LoadedModel::newUnattachedRunner);
  }

  private Runner newRunner(Function<LoadedModel, Runner> kind) {
    Set<Share> full = new HashSet<>();
    NoReplicaException refusal = null;
    for (Place place = takePlace(full); place != null; place = takePlace(full)) {
      try {
        return newRunner(kind, place);
      } catch (NoReplicaException e) {
        if (!e.isForWantOfMemory()) {
          throw e;
        }
        refusal = refusal == null ? e : refusal;
        full.add(place.share);
      }
    }
    throw Objects.requireNonNull(refusal); // there is one share at least
  }

  private Runner newRunner(Function<LoadedModel, Runner> kind, Place place) {
    Share share = place.share;
    Optional<GpuClaim> copy = Optional.empty();
    try {
      copy = share.model.sharesWeights() || place.isReserved ? copy : copy(share);
      return new CountedRunner(kind.apply(share.model), place, copy);
    } catch (RuntimeException e) {
      abandon(place, copy);
      Optional<NoReplicaException> why = NoReplicaException.on(share.claim.gpu(), e);
      throw e instanceof NoReplicaException || why.isEmpty() ? e : why.get();
    } catch (Error e) {
      abandon(place, copy);
      throw e;
    }
  }

  private void abandon(Place place, Optional<GpuClaim> copy) {
    giveBack(place);
    copy.ifPresent(this::release);
  }

  private void release(GpuClaim copy) {
    copies.remove(copy);
    ledger.release(copy);
  }

  /** Room for one more copy of the weights. */
  private Optional<GpuClaim> copy(Share share) {
    GpuClaim first = share.claim;
    Optional<GpuClaim> copy = ledger.reserve(first.gpu(), first.model(), first.bytes());
    if (copy.isEmpty()) {
      throw NoReplicaException.noRoom(
          "one more replica, with weights of its own: "
              + ledger.refusal(first.gpu(), first.bytes()));
    }
    copies.add(copy.get());
    if (first.isLeaving()) { // looked at after it was added: whoever leaves misses none
      copy.get().leave();
    }
    return copy;
  }

  /**
   * A runner's place on a GPU.
   *
   * @param isReserved whether its weights are those that the share itself was reserved for: one
   *     runner's at a time are
   */
  private record Place(Share share, boolean isReserved) {}

  /** On the GPU that has the fewest and is not full; null if all are. */
  private synchronized @Nullable Place takePlace(Set<Share> full) {
    Share least = null;
    for (Share share : shares) {
      if (!full.contains(share) && (least == null || share.runners < least.runners)) {
        least = share;
      }
    }
    if (least == null) {
      return null;
    }
    boolean isReserved = !least.isTaken;
    least.isTaken = true;
    least.runners++;
    return new Place(least, isReserved);
  }

  private synchronized void giveBack(Place place) {
    place.share.runners--;
    if (place.isReserved) {
      place.share.isTaken = false;
    }
  }

  @Override
  public boolean runsOnCores() {
    return false;
  }

  @Override
  public boolean sharesWeights() {
    return shares.stream().allMatch(share -> share.model.sharesWeights());
  }

  /** It will be closed as soon as its requests are answered. */
  void leave() {
    shares.forEach(share -> share.claim.leave());
    copies.forEach(GpuClaim::leave);
  }

  @Override
  public void close() {
    closeFrom(0);
  }

  /** One that cannot be closed keeps neither its memory reserved nor the others from closing. */
  private void closeFrom(int index) {
    if (index == shares.size()) {
      return;
    }
    Share share = shares.get(index);
    try {
      share.model.close();
    } finally {
      ledger.release(share.claim);
      closeFrom(index + 1);
    }
  }

  /** Tells when it is closed. */
  private final class CountedRunner implements Runner {
    private final Runner runner;
    private final Place place;
    private final Optional<GpuClaim> copy;
    private boolean closed;

    CountedRunner(Runner runner, Place place, Optional<GpuClaim> copy) {
      this.runner = runner;
      this.place = place;
      this.copy = copy;
    }

    @Override
    public OutputTensor[] run(List<? extends ModelInputs> requests, int rows)
        throws ModelRunException {
      return runner.run(requests, rows);
    }

    @Override
    public void attach() throws ModelRunException {
      runner.attach();
    }

    @Override
    public void terminate() {
      runner.terminate();
    }

    @Override
    public void release() {
      runner.release();
    }

    @Override
    public OptionalInt sharedGpu() {
      return OptionalInt.of(place.share.claim.gpu().index());
    }

    @Override
    public RunTimes lastTimes() {
      return runner.lastTimes();
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        try {
          runner.close();
        } finally {
          abandon(place, copy);
        }
      }
    }
  }
}
