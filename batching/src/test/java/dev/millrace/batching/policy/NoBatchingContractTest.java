// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching.policy;

class NoBatchingContractTest extends BatchPolicyContract {
  @Override
  BatchPolicy policy() {
    return BatchPolicy.none();
  }
}
