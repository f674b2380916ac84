// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.policy;

class SlackPullContractTest extends BatchPolicyContract {
  @Override
  BatchPolicy policy() {
    return new SlackPull();
  }
}
