// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorView;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Decodes ModelInferRequest by hand, for the sake of the tensors: their bytes stay where the
 * transport has them. What is accepted as a message is what protobuf accepts; what a message must
 * say beyond that is checked here as far as it can be without the model.
 *
 * <p>In two steps, since the fields of a message may come in any order: the whole message is read
 * once and the places of its tensors noted; then each input is given its data. All working memory
 * is used again for the next message: an instance belongs to one thread.
 */
final class InferRequestDecoder {
  private final WireReader in;
  private final RequestDraft draft;

  InferRequestDecoder() {
    this(WireReader.WINDOW);
  }

  /**
   * @param windowSize of the {@link WireReader}
   */
  InferRequestDecoder(int windowSize) {
    in = new WireReader(windowSize);
    draft = new RequestDraft(windowSize / 2);
  }

  /**
   * Decodes one message. Never throws for anything a client may send: see {@link
   * InferRequest#problem}.
   */
  InferRequest decode(InputStream message) {
    InputStream memory = null;
    boolean begun = false;
    InferRequest request = null;
    Failure problem = null;
    try {
      memory = MessageSource.open(message, in.message());
      begun = true;
      request = read(memory);
    } catch (MalformedException e) {
      problem =
          malformed(e.getMessage() + ", at byte " + in.position() + " of " + in.message().length());
    } catch (InferException e) {
      problem = e.failure();
    } catch (IOException e) {
      problem = malformed("unreadable: " + e.getMessage());
    } catch (StatusRuntimeException e) {
      problem = refused(e.getStatus());
    } catch (OutOfMemoryError e) {
      // a compressed message is unpacked on the heap
      problem = new Failure(Failure.Kind.OVERLOADED, "not enough memory for the message");
    } catch (RuntimeException e) {
      problem = new Failure(Failure.Kind.ENGINE, "the decoder failed: " + e);
    } finally {
      if (request == null) {
        request = giveUp(memory, begun, problem);
      }
      in.clear();
      draft.forget();
    }
    return request;
  }

  private InferRequest read(@Nullable InputStream memory)
      throws MalformedException, InferException {
    in.start();
    draft.read(in);
    Failure problem = draft.problem();
    if (problem != null) {
      throw new InferException(problem);
    }
    long byteLength = in.message().length();
    InputTensor[] inputs = new InputTensor[draft.inputCount()];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = bind(i);
      byteLength += draft.input(i).contents().copiedBytes();
    }
    return new InferRequest(
        draft.modelName(),
        draft.modelVersion(),
        draft.id(),
        inputs,
        draft.outputs(),
        draft.parameters(),
        byteLength,
        memory);
  }

  /** Gives input number {@code index} its data. */
  private InputTensor bind(int index) throws MalformedException, InferException {
    InputDraft input = draft.input(index);
    for (int i = 0; i < index; i++) {
      if (draft.input(i).name().equals(input.name())) {
        throw input.invalid("given twice (expected once)");
      }
    }
    DataType type = input.dataType();
    long[] shape = input.shape();
    long elements = input.elements(shape);
    boolean hasRaw = draft.raw().count() > 0;
    boolean hasContents = input.contents().present();
    if (hasContents && hasRaw) {
      throw input.invalid("contents beside raw_input_contents (expected one of them)");
    }
    ByteBuffer[] bytes;
    if (hasRaw) {
      bytes = draft.raw().view(in, index, input, type, shape, elements);
    } else if (hasContents || elements == 0) {
      bytes = input.contents().toRaw(in, input, type, shape, elements);
    } else {
      throw input.invalid("no data (expected contents, or raw_input_contents)");
    }
    return new InputTensor(input.name(), new TensorView(type, shape, bytes));
  }

  private InferRequest giveUp(
      @Nullable InputStream memory, boolean begun, @Nullable Failure problem) {
    if (memory != null) {
      InferRequest.closeQuietly(memory);
    }
    Failure why =
        problem != null ? problem : new Failure(Failure.Kind.ENGINE, "the decoder was stopped");
    return begun // else the draft is still at the message before
        ? InferRequest.unusable(draft.modelName(), draft.modelVersion(), draft.id(), why)
        : InferRequest.unusable("", "", "", why);
  }

  private static Failure malformed(String reason) {
    return Failure.invalid("malformed ModelInferRequest: " + reason);
  }

  /** gRPC itself stopped the reading, as it does where a message grows too large unpacked. */
  private static Failure refused(Status status) {
    String description = status.getDescription();
    String detail = description == null ? status.getCode().toString() : description;
    return status.getCode() == Status.Code.RESOURCE_EXHAUSTED
        ? new Failure(Failure.Kind.OVERLOADED, detail)
        : malformed(detail);
  }
}
