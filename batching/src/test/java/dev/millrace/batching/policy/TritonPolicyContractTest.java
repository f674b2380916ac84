// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.policy;

import org.junit.jupiter.api.Nested;

class TritonPolicyContractTest {

  @Nested
  class WithoutADelay extends BatchPolicyContract {
    @Override
    BatchPolicy policy() {
      return new TritonPolicy(new int[0], 0);
    }
  }

  @Nested
  class WithADelayAndPreferredSizes extends BatchPolicyContract {
    @Override
    BatchPolicy policy() {
      return new TritonPolicy(new int[] {4, 8}, 3_000_000);
    }
  }
}
