// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import org.jspecify.annotations.Nullable;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** Replicas go idle while the leader takes one off: none is lost, none is there twice. */
public class IdleStackStress {
  private IdleStackStress() {}

  /** Who lies on a stack, one bit each; a waiter that comes twice overflows into others' bits. */
  private static int rest(IdleStack stack, Waiter a, Waiter b) {
    int bits = 0;
    for (Waiter waiter = stack.pop(); waiter != null && bits < 100; waiter = stack.pop()) {
      bits += bit(waiter, a, b);
    }
    return bits;
  }

  private static int bit(@Nullable Waiter waiter, Waiter a, Waiter b) {
    return waiter == null ? 0 : waiter == a ? 1 : waiter == b ? 10 : 1000;
  }

  /** Two come at once. */
  @JCStressTest
  @Outcome(id = "0, 11", expect = Expect.ACCEPTABLE, desc = "both lie there once")
  @Outcome(expect = Expect.FORBIDDEN, desc = "one is lost or there twice")
  @State
  public static class PushAndPush {
    private final IdleStack stack = new IdleStack();
    private final Waiter a = new Waiter();
    private final Waiter b = new Waiter();

    @Actor
    public void first() {
      stack.push(a);
    }

    @Actor
    public void second() {
      stack.push(b);
    }

    @Arbiter
    public void leader(II_Result result) {
      result.r2 = rest(stack, a, b);
    }
  }

  /** One comes while the leader takes one off. */
  @JCStressTest
  @Outcome(id = "1, 10", expect = Expect.ACCEPTABLE, desc = "took the one that was there")
  @Outcome(id = "10, 1", expect = Expect.ACCEPTABLE, desc = "took the one that came")
  @Outcome(expect = Expect.FORBIDDEN, desc = "one is lost or there twice")
  @State
  public static class PushAndPop {
    private final IdleStack stack = new IdleStack();
    private final Waiter a = new Waiter();
    private final Waiter b = new Waiter();

    public PushAndPop() {
      stack.push(a);
    }

    @Actor
    public void replica() {
      stack.push(b);
    }

    @Actor
    public void leader(II_Result result) {
      result.r1 = bit(stack.pop(), a, b);
    }

    @Arbiter
    public void later(II_Result result) {
      result.r2 = rest(stack, a, b);
    }
  }

  /** The one at the bottom leads by itself while another comes. */
  @JCStressTest
  @Outcome(id = "0, 0, 10", expect = Expect.ACCEPTABLE, desc = "only the one that came lies there")
  @Outcome(expect = Expect.FORBIDDEN, desc = "the wrong one was taken off")
  @State
  public static class PushAndRemove {
    private final IdleStack stack = new IdleStack();
    private final Waiter a = new Waiter();
    private final Waiter b = new Waiter();

    public PushAndRemove() {
      stack.push(a);
    }

    @Actor
    public void replica() {
      stack.push(b);
    }

    @Actor
    public void leader() {
      stack.remove(a);
    }

    @Arbiter
    public void later(III_Result result) {
      result.r3 = rest(stack, a, b);
    }
  }
}
