// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferRequest.InferInputTensor;
import java.util.List;

/** Serialises the requests to one model, and gives them labels and weights. */
final class Variants {
  private Variants() {}

  static List<Variant> of(ModelShare share, List<Request> requests) {
    double sum = requests.stream().mapToDouble(Request::weight).sum();
    int telling = tellingInput(requests);
    return requests.stream()
        .map(
            request ->
                new Variant(
                    label(share, request, telling),
                    share.model(),
                    rows(request),
                    message(share, request),
                    share.weight() * request.weight() / sum))
        .toList();
  }

  /** The first input whose shape is not the same in all requests; -1 if there is none. */
  private static int tellingInput(List<Request> requests) {
    for (int i = 0; i < requests.getFirst().inputs().size(); i++) {
      int input = i;
      if (requests.stream().map(r -> r.inputs().get(input).shape()).distinct().count() > 1) {
        return input;
      }
    }
    return -1;
  }

  private static String label(ModelShare share, Request request, int telling) {
    if (telling < 0) {
      return share.label();
    }
    String shape = Tensor.text(request.inputs().get(telling).shape());
    return share.label() + " " + shape;
  }

  private static int rows(Request request) {
    List<Long> shape = request.inputs().getFirst().shape();
    return shape.isEmpty() ? 1 : (int) Math.min(Integer.MAX_VALUE, shape.getFirst());
  }

  private static byte[] message(ModelShare share, Request request) {
    long bytes = request.inputs().stream().mapToLong(input -> input.raw().size()).sum();
    if (bytes > Tensor.MAX_BYTES) {
      throw new WorkloadException(
          "model '%s': a request of %d bytes (expected less than 2 GiB)"
              .formatted(share.label(), bytes));
    }
    ModelInferRequest.Builder message = ModelInferRequest.newBuilder().setModelName(share.model());
    share.version().ifPresent(message::setModelVersion);
    for (Tensor input : request.inputs()) {
      message
          .addInputs(
              InferInputTensor.newBuilder()
                  .setName(input.name())
                  .setDatatype(input.type().name())
                  .addAllShape(input.shape()))
          .addRawInputContents(input.raw());
    }
    return message.build().toByteArray();
  }
}
