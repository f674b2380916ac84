// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import java.util.List;

/**
 * One request to a model.
 *
 * @param inputs in the model's order
 * @param weight its share of the model's requests, relative to the others; above 0
 */
record Request(List<Tensor> inputs, double weight) {
  Request {
    inputs = List.copyOf(inputs);
  }
}
