// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.shadow.ShadowCounts;
import dev.millrace.backends.shadow.Tolerance;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has a sample of what one version has answered run by another one as well.
 *
 * <p>{@link #offer} is called by the threads that answer, when the answer has left; all it does
 * there is to copy, or to drop. The other version's lease is held until the last run after {@link
 * #close} is over.
 */
final class Mirror implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Mirror.class);

  /** No copies for so long after a request was refused: long against bursts. */
  private static final long PAUSE_NANOS = 1_000_000_000;

  private final ServedVersion answering;
  private final ServedVersion shadow;
  private final int percent;
  private final CopyQueue copies = new CopyQueue();
  private final ShadowCounts counts = new ShadowCounts();

  // of whichever thread answers: at worst, two of them see the same refusal
  private volatile long refusalsSeen;
  private volatile long quietFromNanos;

  private Mirror(ServedVersion answering, ServedVersion shadow, int percent) {
    this.answering = answering;
    this.shadow = shadow;
    this.percent = percent;
    this.refusalsSeen = refusals();
    this.quietFromNanos = answering.nanoTime();
  }

  /**
   * Starts the thread that runs the copies.
   *
   * @param percent of the requests
   * @return empty if the shadow is on its way out
   */
  static Optional<Mirror> start(
      ServedVersion answering, ServedVersion shadow, int percent, Tolerance tolerance) {
    if (!shadow.acquireStanding()) {
      return Optional.empty();
    }
    Mirror mirror = new Mirror(answering, shadow, percent);
    Thread.ofPlatform()
        .name("shadow-%s-%d-%d".formatted(shadow.name(), answering.version(), shadow.version()))
        .daemon()
        .start(new ShadowReplica(shadow, mirror.copies, mirror.counts, tolerance));
    return Optional.of(mirror);
  }

  /**
   * A request was answered, and is perhaps copied. Its tensors and outputs are valid during the
   * call.
   *
   * @param batchRows rows of the batch that it was in
   */
  void offer(InferTask task, OutputTensor[] outputs, int rowFrom, int batchRows) {
    if (ThreadLocalRandom.current().nextInt(100) >= percent) {
      return;
    }
    boolean copied = false;
    try {
      copied = keepsUp(batchRows) && copies.offer(RequestCopy.view(task, outputs, rowFrom));
    } catch (RuntimeException | OutOfMemoryError e) {
      log.error("a request of {} could not be copied", answering, e); // it was answered
    }
    if (!copied) {
      counts.dropped(1);
    }
  }

  /** Whether nothing was refused lately, and no more waits than the replicas took last. */
  private boolean keepsUp(int batchRows) {
    long now = answering.nanoTime();
    long refusals = refusals();
    if (refusals != refusalsSeen) {
      refusalsSeen = refusals;
      quietFromNanos = now + PAUSE_NANOS;
    }
    return now - quietFromNanos >= 0
        && answering.queuedRows() <= (long) batchRows * answering.replicaCount();
  }

  private long refusals() {
    return answering.statistics().refusals() + shadow.statistics().refusals();
  }

  /** Who runs the copies. */
  ServedVersion shadow() {
    return shadow;
  }

  ShadowReport report() {
    return new ShadowReport(shadow.version(), answering.version(), percent, counts.snapshot());
  }

  /** Copies no more; a run that is in progress ends in its time. */
  @Override
  public void close() {
    counts.dropped(copies.close());
  }
}
