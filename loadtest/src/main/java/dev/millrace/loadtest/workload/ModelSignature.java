// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** A model of the mix, as the server describes it. */
record ModelSignature(ModelShare share, List<TensorSpec> inputs, List<TensorSpec> outputs) {
  ModelSignature {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }

  List<TensorSpec> side(Side side) {
    return switch (side) {
      case INPUT -> inputs;
      case OUTPUT -> outputs;
    };
  }

  Optional<TensorSpec> find(Side side, String name) {
    return side(side).stream().filter(spec -> spec.name().equals(name)).findFirst();
  }

  /** For errors: the side's tensors with types and shapes. */
  String list(Side side) {
    return side(side).stream().map(TensorSpec::toString).collect(Collectors.joining(", "));
  }

  String name() {
    return share.model();
  }
}
