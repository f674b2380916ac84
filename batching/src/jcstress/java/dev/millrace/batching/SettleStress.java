// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZZ_Result;

/** An item is claimed by a replica or rejected by somebody else: by one of them, and settled. */
@JCStressTest
@Outcome(id = "true, false, true", expect = Expect.ACCEPTABLE, desc = "claimed")
@Outcome(id = "false, true, true", expect = Expect.ACCEPTABLE, desc = "rejected")
@Outcome(expect = Expect.FORBIDDEN, desc = "answered twice or never")
@State
public class SettleStress {
  private final TestItem item = new TestItem("i");

  @Actor
  public void replica(ZZZ_Result result) {
    result.r1 = item.claim();
  }

  @Actor
  public void canceller(ZZZ_Result result) {
    result.r2 = item.reject(Rejection.CLOSED);
  }

  @Arbiter
  public void settled(ZZZ_Result result) {
    result.r3 = item.isSettled();
  }
}
