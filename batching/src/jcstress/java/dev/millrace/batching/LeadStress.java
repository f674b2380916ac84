// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * The pairs of fences of {@link Lead}. A thread really parks here: one that nobody wakes does not
 * come back, and the run hangs until its time is up.
 */
public class LeadStress {
  /** Longer than a run may take: no measure of lateness, since a busy machine is late, too. */
  private static final long LONG_NANOS = TimeUnit.HOURS.toNanos(1);

  private LeadStress() {}

  /** A ring of one slot, published as the real one is: with a release store only. */
  private static final class OneSlot implements Lead.Work {
    private final AtomicBoolean published = new AtomicBoolean();

    void publish() {
      published.setRelease(true);
    }

    @Override
    public boolean isInLanes() {
      return false;
    }

    @Override
    public boolean isInRing() {
      return published.getAcquire();
    }

    @Override
    public boolean isClosed() {
      return false;
    }

    @Override
    public boolean isFinished() {
      return false;
    }
  }

  private static int leadUntilPublished(Lead lead, OneSlot ring, long parkNanos) {
    while (!ring.isInRing()) {
      lead.park(parkNanos);
    }
    return 1;
  }

  /** Fences 2 and 3: a leader goes to sleep just when something is published. */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "seen or woken")
  @Outcome(expect = Expect.FORBIDDEN, desc = "slept on")
  @State
  public static class ParkAndWake {
    private final OneSlot ring = new OneSlot();
    private final Lead lead = new Lead(ring);

    public ParkAndWake() {
      lead.tryAcquire();
    }

    @Actor
    public void leader(I_Result result) {
      result.r1 = leadUntilPublished(lead, ring, Lead.NO_END);
    }

    @Actor
    public void producer() {
      ring.publish();
      lead.wake();
    }
  }

  /** The same with a leader that waits for more, for a time. */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "seen or woken")
  @Outcome(expect = Expect.FORBIDDEN, desc = "slept on")
  @State
  public static class TimedParkAndWake {
    private final OneSlot ring = new OneSlot();
    private final Lead lead = new Lead(ring);

    public TimedParkAndWake() {
      lead.tryAcquire();
    }

    @Actor
    public void leader(I_Result result) {
      result.r1 = leadUntilPublished(lead, ring, LONG_NANOS);
    }

    @Actor
    public void producer() {
      ring.publish();
      lead.wake();
    }
  }

  /** Fence 1: a replica queues for the lead just when it is freed. */
  @JCStressTest
  @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "the replica leads")
  @Outcome(expect = Expect.FORBIDDEN, desc = "nobody or somebody else leads")
  @State
  public static class AcquireAndRelease {
    private final OneSlot ring = new OneSlot();
    private final Lead lead = new Lead(ring);
    private final Batch<TestItem> batch = new Batch<>();

    public AcquireAndRelease() {
      ring.publish(); // so that whoever is granted the lead is woken
      lead.tryAcquire();
    }

    @Actor
    public void replica(II_Result result) {
      result.r1 = lead.acquire(batch) ? 1 : 0;
    }

    @Actor
    public void leader() {
      lead.release();
    }

    @Arbiter
    public void later(II_Result result) {
      result.r2 = lead.tryAcquire() ? 1 : 0; // it is still the replica's
    }
  }

  /** Fence 4: the lead passes to a replica that sleeps, just when something is published. */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "seen or woken")
  @Outcome(expect = Expect.FORBIDDEN, desc = "slept on")
  @State
  public static class GrantAndWake {
    private final OneSlot ring = new OneSlot();
    private final Lead lead = new Lead(ring);
    private final Batch<TestItem> batch = new Batch<>();

    public GrantAndWake() {
      lead.tryAcquire();
    }

    @Actor
    public void replica(I_Result result) {
      lead.acquire(batch);
      result.r1 = leadUntilPublished(lead, ring, Lead.NO_END);
    }

    /** Takes something, passes the lead on and runs; an offer comes at that moment. */
    @Actor
    public void leaderThenProducer() {
      lead.release();
      ring.publish();
      lead.wake();
    }
  }

  /** Fence 6: a borrower gives the lead back just when something is published and woken for. */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "seen or woken")
  @Outcome(expect = Expect.FORBIDDEN, desc = "slept on")
  @State
  public static class BorrowAndPark {
    private final OneSlot ring = new OneSlot();
    private final Lead lead = new Lead(ring);

    public BorrowAndPark() {
      lead.tryAcquire();
    }

    @Actor
    public void leader(I_Result result) {
      result.r1 = leadUntilPublished(lead, ring, Lead.NO_END);
    }

    @Actor
    public void borrowerThenProducer() {
      if (lead.tryAcquireOrBorrow()) {
        lead.release();
      }
      ring.publish();
      lead.wake();
    }
  }
}
