// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.model.CheckedInputs;
import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.serving.CompletionSink;
import dev.millrace.backends.serving.InferTask;
import dev.millrace.backends.serving.ServedVersion;
import dev.millrace.backends.serving.Terms;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * One ModelInfer call while its work is queued, run and answered. The answer is encoded on the
 * replica's thread, while the outputs are valid, and sent on the call's event loop.
 */
final class InferCall extends InferTask {
  private final ServerCall<InferRequest, InferResponse> call;
  private final InferRequest request;
  private final ResponseTemplate template;
  private final int @Nullable [] wanted;
  private final LoopSink sink;

  // written by whoever completes the task, before it is added to the sink; read on the event loop
  private @Nullable InferResponse response;
  private @Nullable Failure failure;

  /** The call that was answered before this one; the sink's. */
  @Nullable InferCall next;

  /**
   * @param wanted outputs asked for, by their number in the signature; null for all
   */
  InferCall(
      ServerCall<InferRequest, InferResponse> call,
      InferRequest request,
      ServedVersion served,
      CheckedInputs inputs,
      ResponseTemplate template,
      int @Nullable [] wanted,
      LoopSink sink,
      long arrivalNanos,
      Terms terms) {
    super(served, inputs, arrivalNanos, terms);
    this.call = call;
    this.request = request;
    this.template = template;
    this.wanted = wanted;
    this.sink = sink;
  }

  @Override
  protected void succeeded(OutputTensor[] outputs, int rowFrom) throws InferException {
    response =
        batchable()
            ? InferResponseEncoder.encodeRows(
                template, request.id(), outputs, wanted, rowFrom, rows())
            : InferResponseEncoder.encodeWhole(template, request.id(), outputs, wanted);
  }

  /** The whole message waits with its tensors, whatever else is in it. */
  @Override
  public long bytes() {
    return request.byteLength();
  }

  @Override
  protected void failed(Failure failure) {
    this.failure = failure;
  }

  @Override
  protected void depart() {
    sink.add(this);
  }

  @Override
  protected void released() {
    request.close();
  }

  @Override
  protected CompletionSink sink() {
    return sink;
  }

  LoopSink loopSink() {
    return sink;
  }

  /** On the call's event loop, once. */
  void send() {
    if (call.isCancelled()) {
      return;
    }
    if (response != null) {
      call.sendHeaders(new Metadata());
      call.sendMessage(response);
      call.close(Status.OK, new Metadata());
    } else if (failure != null) {
      call.close(StatusMapper.status(failure), StatusMapper.trailers(failure));
    }
  }
}
