// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.ModelArtifact;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** One version of a model, as far as it has come. The control thread's, except where said. */
final class Slot {

  /** Between two tries to bring a version here, doubling. */
  private static final long FIRST_RETRY_NANOS = 500_000_000;

  private static final long LONGEST_RETRY_NANOS = 60_000_000_000L;

  VersionState state = VersionState.PENDING;
  String reason = "";

  /** Why it is loaded once more, while it is; else empty. */
  String reloadReason = "";

  /** What was last tried, successfully or not. */
  String fingerprint = "";

  /** The deployment's settings of what was last tried. */
  String config = "";

  boolean required;
  long loadNanos;

  /** What the model's configuration says, whatever the deployment does. */
  int configuredReplicas = 1;

  /** Whether it is being loaded, or waits for its turn. */
  boolean isLoading;

  /** Nobody wants it any more; who fetches and loads it looks as well. */
  volatile boolean isAbandoned;

  /** Fetches it, or has fetched it. */
  @Nullable Thread fetch;

  @Nullable ServedVersion served;
  @Nullable ModelArtifact artifact;

  /** What the last try lacked. */
  private @Nullable Lack lack;

  /** Memory that was not there for a content. */
  private record Lack(String fingerprint, Shortage shortage) {}

  /** Of tries in a row that did not bring it here. */
  private final Backoff backoff = new Backoff(FIRST_RETRY_NANOS, LONGEST_RETRY_NANOS);

  private long retryNanos;

  boolean isServing() {
    return served != null;
  }

  /** Why it is not as it is to be, what serves included; empty if it is. */
  String describe() {
    String missing = served == null ? "" : served.missingReplicas();
    return reason.isEmpty() || missing.isEmpty() ? reason + missing : reason + "; " + missing;
  }

  /** Whether its content was tried and cannot be served. */
  boolean isGivenUp() {
    return state == VersionState.FAILED && !fingerprint.isEmpty();
  }

  /** Whether its content, or what it would be replaced by, could not be brought here. */
  boolean isMissing() {
    return state == VersionState.FAILED && fingerprint.isEmpty();
  }

  /** What is to be tried next has not been tried before. */
  void begin(String newConfig) {
    if (!config.equals(newConfig)) {
      config = newConfig;
      fingerprint = "";
      backoff.reset();
    }
  }

  /** Another try is due after a while, a longer one each time. */
  void retryLater(long nowNanos) {
    retryNanos = nowNanos + backoff.next();
  }

  void succeeded() {
    backoff.reset();
  }

  /** A try has ended that lacked nothing. */
  void lacksNothing() {
    lack = null;
  }

  /** A try has ended for want of memory. */
  void lacks(String content, Shortage shortage) {
    lack = new Lack(content, shortage);
    if (!shortage.mayPass()) {
      fingerprint = content;
    }
  }

  /** What it lacks, if no other model that leaves can give it. */
  Optional<Shortage> setback() {
    return Optional.ofNullable(lack).map(Lack::shortage).filter(shortage -> !shortage.mayPass());
  }

  /** Whether it is to be tried again for want of memory, at some time. */
  boolean isWaitingForRoom() {
    return lack != null && lack.shortage().mayPass() && !isLoading;
  }

  /** Whether it is memory for this content that the last try lacked. */
  boolean isShortOfRoomFor(String content) {
    return lack != null && lack.fingerprint().equals(content);
  }

  /** Another try is due at once if it lacks memory that seems to be there now. */
  boolean takeRoom() {
    if (isLoading || lack == null || !lack.shortage().isOver().getAsBoolean()) {
      return false;
    }
    if (fingerprint.equals(lack.fingerprint())) {
      fingerprint = "";
    }
    lack = null;
    backoff.reset();
    return true;
  }

  /** Whether it is to be tried again at some time. */
  boolean isWaitingForRetry() {
    return (served == null || isMissing()) && !isLoading && backoff.hasBegun();
  }

  /** Nanoseconds until it may be tried again; 0 or less if it may be now. */
  long untilRetry(long nowNanos) {
    return backoff.hasBegun() ? retryNanos - nowNanos : 0;
  }

  /** Those of some versions that serve. */
  static List<ServedVersion> served(SortedMap<Long, Slot> slots, Set<Long> versions) {
    List<ServedVersion> served = new ArrayList<>();
    for (long version : versions) {
      Slot slot = slots.get(version);
      if (slot != null && slot.served != null) {
        served.add(slot.served);
      }
    }
    return served;
  }
}
