// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.model.Failure;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A ModelInferRequest as found on the wire, before its inputs are given their data. Used again for
 * message after message.
 *
 * <p>Clients send the same thing again and again with other numbers in it: all that comes before
 * the first raw blob, the head, is mostly that of the last message, byte for byte. Then so is all
 * it says, and it is not read again. A head is a whole number of fields from the start of the
 * message and what was read of it depends on nothing else, so this holds whatever follows; any
 * other field after it ends the head's time, since it may change what the head has said.
 */
final class RequestDraft {
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

  private final ParameterReader entry = new ParameterReader();
  private final RawContents raw = new RawContents();
  private final List<InputDraft> inputs = new ArrayList<>();
  private final List<String> outputs = new ArrayList<>();
  private final List<Parameter> parameters = new ArrayList<>();

  private String modelName = "";
  private String modelVersion = "";
  private String id = "";
  private int inputCount;
  private int outputCount;
  private int parameterCount;
  private @Nullable List<String> outputList;
  private @Nullable List<Parameter> parameterList;

  /** What is wrong with a message that is well-formed; the first such thing found. */
  private @Nullable Failure problem;

  private final byte[] head;
  private final ByteBuffer headTarget;

  /** Length of the last message's head; 0 if there is none to go by. */
  private int headLength;

  /**
   * @param longestHead bytes of a head at most, no more than the window of the reader
   */
  RequestDraft(int longestHead) {
    head = new byte[longestHead];
    headTarget = ByteBuffer.wrap(head);
  }

  /** Reads a message. Whether it makes sense is in {@link #problem} afterwards. */
  void read(WireReader in) throws MalformedException {
    if (headLength > 0 && in.startsWith(head, headLength)) {
      in.skip(headLength);
    } else {
      clear();
    }
    while (true) {
      int start = in.position();
      int tag = in.tag();
      if (tag == RAW_INPUT_CONTENTS) {
        if (raw.count() == 0 && headLength == 0) {
          rememberHead(in, start);
        }
        raw.read(in);
      } else if (tag == 0) {
        checkCounts();
        return;
      } else {
        if (headLength > 0) {
          headLength = 0;
          outputList = null;
          parameterList = null;
        }
        readField(in, tag);
      }
    }
  }

  private void rememberHead(WireReader in, int length) {
    // an id differs from message to message: such a head would not be seen again
    if (length <= head.length && id.isEmpty() && problem == null) {
      in.message().copy(0, length, headTarget.clear());
      headLength = length;
    }
  }

  private void readField(WireReader in, int tag) throws MalformedException {
    switch (tag) {
      case MODEL_NAME -> modelName = in.text().text();
      case MODEL_VERSION -> modelVersion = in.text().text();
      case ID -> id = in.uniqueText();
      case PARAMETERS -> readParameter(in);
      case INPUTS -> readInput(in);
      case OUTPUTS -> readOutput(in);
      default -> in.skipField(tag, 0);
    }
  }

  private void readInput(WireReader in) throws MalformedException {
    // those past the limit share a draft: they are read only to see that they are well-formed
    int index = Math.min(inputCount, MAX_TENSORS);
    if (index == inputs.size()) {
      inputs.add(new InputDraft());
    }
    InputDraft input = inputs.get(index);
    input.read(in, entry);
    inputCount++;
    if (input.sharedMemory()) {
      note(unsupported("input " + Quoted.of(input.name()) + ": shared memory"));
    }
  }

  private void readOutput(WireReader in) throws MalformedException {
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

  private void readParameter(WireReader in) throws MalformedException {
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

  private void checkCounts() {
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

  private void note(Failure found) {
    if (problem == null) {
      problem = found;
    }
  }

  private static Failure unsupported(String what) {
    return new Failure(Failure.Kind.UNSUPPORTED, what + " is not supported");
  }

  /** Lets go of the message, but for the head and what it said. */
  void forget() {
    raw.forget();
    problem = null;
    if (headLength == 0) {
      clear();
    }
  }

  private void clear() {
    headLength = 0;
    int used = Math.min(inputCount, inputs.size());
    for (int i = 0; i < used; i++) {
      inputs.get(i).forget();
    }
    if (inputs.size() > DRAFTS_KEPT) {
      inputs.subList(DRAFTS_KEPT, inputs.size()).clear();
    }
    outputs.clear();
    outputList = null;
    parameters.clear();
    parameterList = null;
    modelName = "";
    modelVersion = "";
    id = "";
    inputCount = 0;
    outputCount = 0;
    parameterCount = 0;
  }

  @Nullable Failure problem() {
    return problem;
  }

  String modelName() {
    return modelName;
  }

  String modelVersion() {
    return modelVersion;
  }

  String id() {
    return id;
  }

  int inputCount() {
    return inputCount;
  }

  InputDraft input(int index) {
    return inputs.get(index);
  }

  RawContents raw() {
    return raw;
  }

  List<String> outputs() {
    List<String> list = outputList;
    if (list == null) {
      list = List.copyOf(outputs);
      outputList = list;
    }
    return list;
  }

  List<Parameter> parameters() {
    List<Parameter> list = parameterList;
    if (list == null) {
      list = List.copyOf(parameters);
      parameterList = list;
    }
    return list;
  }
}
