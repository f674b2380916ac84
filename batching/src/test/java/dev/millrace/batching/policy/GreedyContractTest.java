// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.policy;

class GreedyContractTest extends BatchPolicyContract {
  @Override
  BatchPolicy policy() {
    return BatchPolicy.greedy();
  }
}
