// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.warmup;

import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.repository.WarmUpRequest;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorView;
import dev.millrace.backends.warmup.NamedTensors.NamedTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Makes the tensors of the requests that a model's configuration asks for. */
final class ConfiguredTensors {
  private final ModelSignature signature;
  private final SampleFiles files;

  ConfiguredTensors(ModelSignature signature, SampleFiles files) {
    this.signature = signature;
    this.files = files;
  }

  NamedTensors read(WarmUpRequest request) throws IOException, InferException {
    List<NamedTensor> tensors = new ArrayList<>();
    for (WarmUpRequest.Input input : request.inputs()) {
      tensors.add(new NamedTensor(input.name(), tensor(input)));
    }
    return new NamedTensors(tensors);
  }

  private TensorView tensor(WarmUpRequest.Input input) throws IOException, InferException {
    DataType type = dataType(input);
    long[] shape = input.shape().stream().mapToLong(size -> size).toArray();
    ByteBuffer bytes =
        switch (input.source()) {
          case WarmUpRequest.Source.Zeros zeros -> MadeUp.zeros(type, shape);
          case WarmUpRequest.Source.Random random -> MadeUp.random(type, shape);
          case WarmUpRequest.Source.Content content -> ByteBuffer.wrap(files.bytes(content.name()));
        };
    return new TensorView(type, shape, bytes);
  }

  private DataType dataType(WarmUpRequest.Input input) throws InferException {
    if (input.dataType().isPresent()) {
      return input.dataType().get();
    }
    return signature.inputs().stream()
        .filter(spec -> spec.name().equals(input.name()))
        .findFirst()
        .orElseThrow(
            () ->
                InferException.invalid(
                    "input '%s': unknown (expected one of %s)"
                        .formatted(input.name(), signature.inputs())))
        .dataType();
  }
}
