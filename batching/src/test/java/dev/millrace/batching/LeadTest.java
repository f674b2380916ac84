// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Waits with the lead that end at a time: long ones here, so that only a wake-up ends a test. */
@Timeout(60)
class LeadTest {
  private static final long LONG = TimeUnit.SECONDS.toNanos(600);
  private static final long STUCK_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final long DURATION_NANOS = TimeUnit.MILLISECONDS.toNanos(1500);

  private final Published published = new Published();
  private final Lead lead = new Lead(published);
  private final Replicas threads = new Replicas();

  /** What is published, without a ring: numbers, of which the leader has seen some. */
  private static final class Published implements Lead.Work {
    final AtomicLong last = new AtomicLong();
    final AtomicLong seen = new AtomicLong();
    volatile boolean closed;

    @Override
    public boolean isInLanes() {
      return false;
    }

    @Override
    public boolean isInRing() {
      return last.get() > seen.get();
    }

    @Override
    public boolean isClosed() {
      return closed;
    }

    @Override
    public boolean isFinished() {
      return closed && !isInRing();
    }
  }

  @AfterEach
  void stop() {
    threads.close();
  }

  private Thread leaderParkedFor(long nanos, CountDownLatch awake) {
    Thread leader =
        threads.start(
            () -> {
              assertThat(lead.tryAcquire()).isTrue();
              lead.park(nanos);
              awake.countDown();
            });
    await().until(() -> leader.getState() == Thread.State.TIMED_WAITING);
    return leader;
  }

  @Test
  void aProducerEndsATimedWait() throws InterruptedException {
    CountDownLatch awake = new CountDownLatch(1);
    leaderParkedFor(LONG, awake);

    published.last.incrementAndGet();
    lead.wake();

    assertThat(awake.await(5, TimeUnit.SECONDS)).isTrue();
    threads.join();
  }

  @Test
  void theEndOfTheTimeEndsATimedWait() {
    assertThat(lead.tryAcquire()).isTrue();
    long before = System.nanoTime();

    lead.park(2_000_000);

    // spurious returns are allowed, but a wait that never ends is not
    assertThat(System.nanoTime() - before).isLessThan(STUCK_NANOS);
    assertThat(lead.isHeld()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, -1, 0, 1})
  void aTimeThatHasPassedIsNoWait(long nanos) {
    assertThat(lead.tryAcquire()).isTrue();

    lead.park(nanos);

    assertThat(lead.isHeld()).isTrue();
  }

  @Test
  void whatWasPublishedBeforeIsNotWaitedFor() {
    assertThat(lead.tryAcquire()).isTrue();
    published.last.incrementAndGet();

    lead.park(LONG);

    assertThat(lead.isHeld()).isTrue();
  }

  @Test
  void aProducerBorrowsTheLeadOfATimedWaitAndGivesItBack() throws InterruptedException {
    CountDownLatch awake = new CountDownLatch(1);
    Thread leader = leaderParkedFor(LONG, awake);

    assertThat(lead.tryAcquireOrBorrow()).isTrue();
    assertThat(lead.tryAcquireOrBorrow()).isFalse();
    lead.wake(); // lent: nobody to wake
    lead.release();

    assertThat(leader.getState()).isEqualTo(Thread.State.TIMED_WAITING);
    assertThat(awake.getCount()).isOne();
    lead.wake();
    assertThat(awake.await(5, TimeUnit.SECONDS)).isTrue();
    threads.join();
  }

  @Test
  void aLeaderWhoseTimeIsUpWaitsForItsLeadToComeBack() throws InterruptedException {
    CountDownLatch leads = new CountDownLatch(1);
    CountDownLatch awake = new CountDownLatch(1);
    AtomicBoolean borrowed = new AtomicBoolean();
    threads.start(
        () -> {
          assertThat(lead.tryAcquire()).isTrue();
          leads.countDown();
          while (!borrowed.get()) {
            lead.park(20_000_000);
          }
          awake.countDown();
        });
    assertThat(leads.await(5, TimeUnit.SECONDS)).isTrue();
    await().until(lead::tryAcquireOrBorrow);
    borrowed.set(true);

    assertThat(awake.await(60, TimeUnit.MILLISECONDS)).isFalse(); // its time is long over

    lead.release();
    assertThat(awake.await(5, TimeUnit.SECONDS)).isTrue();
    threads.join();
  }

  @Test
  void aCloseEndsATimedWaitThatIsLent() throws InterruptedException {
    CountDownLatch awake = new CountDownLatch(1);
    leaderParkedFor(LONG, awake);
    assertThat(lead.tryAcquireOrBorrow()).isTrue();

    published.closed = true;
    lead.wake(); // finds it lent
    lead.release();

    assertThat(awake.await(5, TimeUnit.SECONDS)).isTrue();
    threads.join();
  }

  @Test
  void anInterruptEndsATimedWait() throws InterruptedException {
    CountDownLatch awake = new CountDownLatch(1);
    Thread leader = leaderParkedFor(LONG, awake);

    leader.interrupt();

    assertThat(awake.await(5, TimeUnit.SECONDS)).isTrue();
    threads.join();
  }

  /** Published and woken, borrowed or not, just when the leader goes to sleep for a long time. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void losesNoWakeUpOfTimedWaits(boolean borrows) {
    threads.start(
        () -> {
          assertThat(lead.tryAcquire()).isTrue();
          SplittableRandom random = new SplittableRandom(1);
          while (!published.isFinished()) {
            published.seen.set(published.last.get());
            lead.park(random.nextInt(16) == 0 ? random.nextInt(100_000) : LONG);
          }
          lead.release();
        });
    SplittableRandom random = new SplittableRandom(2);
    long end = System.nanoTime() + DURATION_NANOS;

    while (System.nanoTime() < end) {
      if (borrows && random.nextBoolean() && lead.tryAcquireOrBorrow()) {
        lead.release();
      }
      long number = published.last.incrementAndGet();
      lead.wake();
      long stuck = System.nanoTime() + STUCK_NANOS;
      for (int spins = 0; published.seen.get() < number; spins++) {
        if (spins > 200) {
          Replicas.letOthersRun();
        }
        assertThat(System.nanoTime()).as("stuck at %d", number).isLessThan(stuck);
      }
      for (int pause = random.nextInt(200); pause > 0; pause--) {
        Thread.onSpinWait();
      }
    }

    published.closed = true;
    lead.wake();
    threads.join();
  }
}
