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
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decodes ModelInferRequest by hand, for the sake of the tensors: their bytes stay where the
 * transport has them. What is accepted as a message is exactly what protobuf accepts; what a
 * message must say beyond that is checked here as far as it can be without the model.
 *
 * <p>In two steps, since the fields of a message may come in any order: the whole message is read
 * once and the places of its tensors noted; then each input is given its data. All working memory
 * is used again for the next message: an instance belongs to one thread.
 */
final class InferRequestDecoder {
  /** Inputs, and outputs asked for, of one request: far above any model, far below a nuisance. */
  static final int MAX_TENSORS = 1024;

  static final int MAX_PARAMETERS = 256;

  /** How the protocol's shared memory parameters begin, on inputs and outputs alike. */
  static final String SHARED_MEMORY = "shared_memory_";

  private static final int DRAFTS_KEPT = 64;

  private static final int MODEL_NAME = 10;
  private static final int MODEL_VERSION = 18;
  private static final int ID = 26;
  private static final int PARAMETERS = 34;
  private static final int INPUTS = 42;
  private static final int OUTPUTS = 50;
  private static final int RAW_INPUT_CONTENTS = 58;
  private static final int OUTPUT_NAME = 10;
  private static final int OUTPUT_PARAMETERS = 18;

  private final WireReader in = new WireReader();
  private final ParameterReader entry = new ParameterReader();
  private final RawContents raw = new RawContents();
  private final List<InputDraft> drafts = new ArrayList<>();
  private final List<String> outputs = new ArrayList<>();
  private final List<Parameter> parameters = new ArrayList<>();

  private String modelName = "";
  private String modelVersion = "";
  private String id = "";
  private int inputCount;
  private int outputCount;
  private int parameterCount;

  /** What is wrong with a message that is well-formed; the first such thing found. */
  private @Nullable Failure problem;

  /**
   * Decodes one message. Never throws for anything a client may send: see {@link
   * InferRequest#problem}.
   */
  InferRequest decode(InputStream message) {
    InputStream memory = null;
    InferRequest request = null;
    try {
      memory = MessageSource.open(message, in);
      request = readRequest(memory);
    } catch (MalformedException e) {
      problem = malformed(e.getMessage() + ", at byte " + in.position() + " of " + in.length());
    } catch (InferException e) {
      problem = e.failure();
    } catch (IOException e) {
      problem = malformed("unreadable: " + e.getMessage());
    } catch (StatusRuntimeException e) {
      problem = refused(e.getStatus());
    } catch (RuntimeException e) {
      problem = new Failure(Failure.Kind.ENGINE, "the decoder failed: " + e);
    } finally {
      if (request == null) {
        request = giveUp(memory);
      }
      forget();
    }
    return request;
  }

  private InferRequest readRequest(@Nullable InputStream memory)
      throws MalformedException, InferException {
    in.start();
    readMessage();
    if (problem != null) {
      throw new InferException(problem);
    }
    long byteLength = in.length();
    InputTensor[] inputs = new InputTensor[inputCount];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = bind(i);
      byteLength += drafts.get(i).contents().copiedBytes();
    }
    return new InferRequest(
        modelName,
        modelVersion,
        id,
        inputs,
        List.copyOf(outputs),
        List.copyOf(parameters),
        byteLength,
        memory);
  }

  private void readMessage() throws MalformedException {
    for (int tag = in.tag(); tag != 0; tag = in.tag()) {
      switch (tag) {
        case MODEL_NAME -> modelName = in.text().text();
        case MODEL_VERSION -> modelVersion = in.text().text();
        case ID -> id = in.uniqueText();
        case PARAMETERS -> readParameter();
        case INPUTS -> readInput();
        case OUTPUTS -> readOutput();
        case RAW_INPUT_CONTENTS -> raw.read(in);
        default -> in.skipField(tag, 0);
      }
    }
    if (inputCount > MAX_TENSORS) {
      note(Failure.invalid(inputCount + " inputs (expected at most " + MAX_TENSORS + ")"));
    }
    if (outputCount > MAX_TENSORS) {
      note(Failure.invalid(outputCount + " outputs (expected at most " + MAX_TENSORS + ")"));
    }
    if (parameterCount > MAX_PARAMETERS) {
      note(
          Failure.invalid(
              parameterCount + " parameters (expected at most " + MAX_PARAMETERS + ")"));
    }
    if (raw.count() > 0 && raw.count() != inputCount) {
      note(
          Failure.invalid(
              raw.count()
                  + " blobs in raw_input_contents (expected "
                  + inputCount
                  + ", one for each input)"));
    }
  }

  private void readInput() throws MalformedException {
    // those past the limit share a draft: they are read only to see that they are well-formed
    int index = Math.min(inputCount, MAX_TENSORS);
    if (index == drafts.size()) {
      drafts.add(new InputDraft());
    }
    InputDraft draft = drafts.get(index);
    draft.read(in, entry);
    inputCount++;
    if (draft.sharedMemory()) {
      note(unsupported("input " + Quoted.of(draft.name()) + ": shared memory"));
    }
  }

  private void readOutput() throws MalformedException {
    int outer = in.pushLimit(in.varint32());
    String name = "";
    String unsupported = null;
    for (int tag = in.tag(); tag != 0; tag = in.tag()) {
      switch (tag) {
        case OUTPUT_NAME -> name = in.text().text();
        case OUTPUT_PARAMETERS -> {
          entry.read(in, 1);
          if (entry.name().equals("classification")) {
            unsupported = "classification";
          } else if (entry.name().startsWith(SHARED_MEMORY)) {
            unsupported = "shared memory";
          }
        }
        default -> in.skipField(tag, 1);
      }
    }
    in.popLimit(outer);
    if (unsupported != null) {
      note(unsupported("output " + Quoted.of(name) + ": " + unsupported));
    }
    if (outputCount++ < MAX_TENSORS) {
      if (outputs.contains(name)) {
        note(Failure.invalid("output " + Quoted.of(name) + ": asked for twice (expected once)"));
      }
      outputs.add(name);
    }
  }

  private void readParameter() throws MalformedException {
    entry.read(in, 0);
    if (++parameterCount > MAX_PARAMETERS) {
      return;
    }
    for (int i = 0; i < parameters.size(); i++) {
      if (parameters.get(i).name().equals(entry.name())) {
        parameters.set(i, entry.toParameter()); // as in every map, the last one holds
        return;
      }
    }
    parameters.add(entry.toParameter());
  }

  /** Gives input number {@code index} its data. */
  private InputTensor bind(int index) throws MalformedException, InferException {
    InputDraft draft = drafts.get(index);
    for (int i = 0; i < index; i++) {
      if (drafts.get(i).name().equals(draft.name())) {
        throw draft.invalid("given twice (expected once)");
      }
    }
    DataType type = draft.dataType();
    long[] shape = draft.shape();
    long elements = draft.elements(shape);
    boolean typed = draft.contents().present();
    if (typed && raw.count() > 0) {
      throw draft.invalid("contents beside raw_input_contents (expected one of them)");
    }
    ByteBuffer[] bytes;
    if (raw.count() > 0) {
      bytes = raw.view(in, index, draft, type, shape, elements);
    } else if (typed || elements == 0) {
      bytes = draft.contents().toRaw(in, draft, type, shape, elements);
    } else {
      throw draft.invalid("no data (expected contents, or raw_input_contents)");
    }
    return new InputTensor(draft.name(), new TensorView(type, shape, bytes));
  }

  private void note(Failure found) {
    if (problem == null) {
      problem = found;
    }
  }

  private InferRequest giveUp(@Nullable InputStream memory) {
    if (memory != null) {
      InferRequest.closeQuietly(memory);
    }
    Failure why =
        problem != null ? problem : new Failure(Failure.Kind.ENGINE, "the decoder was stopped");
    return InferRequest.unusable(modelName, modelVersion, id, why);
  }

  private static Failure malformed(String reason) {
    return Failure.invalid("malformed ModelInferRequest: " + reason);
  }

  private static Failure unsupported(String what) {
    return new Failure(Failure.Kind.UNSUPPORTED, what + " is not supported");
  }

  /** gRPC itself stopped the reading, as it does where a message grows too large unpacked. */
  private static Failure refused(Status status) {
    String description = status.getDescription();
    String detail = description == null ? status.getCode().toString() : description;
    return status.getCode() == Status.Code.RESOURCE_EXHAUSTED
        ? new Failure(Failure.Kind.OVERLOADED, detail)
        : malformed(detail);
  }

  private void forget() {
    in.clear();
    raw.forget();
    outputs.clear();
    parameters.clear();
    int used = Math.min(inputCount, drafts.size());
    for (int i = 0; i < used; i++) {
      drafts.get(i).forget();
    }
    if (drafts.size() > DRAFTS_KEPT) {
      drafts.subList(DRAFTS_KEPT, drafts.size()).clear();
    }
    modelName = "";
    modelVersion = "";
    id = "";
    inputCount = 0;
    outputCount = 0;
    parameterCount = 0;
    problem = null;
  }
}
