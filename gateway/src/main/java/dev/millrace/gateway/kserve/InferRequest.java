// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.model.Failure;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A decoded ModelInferRequest. Its tensors are views of the transport's memory, which it holds
 * until {@link #close}: whoever has the request closes it once nobody reads its tensors any more.
 * Closing is safe from any thread and any number of times; the rest never changes.
 *
 * <p>A request that cannot be served says so in {@link #problem} instead of failing to decode: an
 * exception out of a marshaller would reach the client as UNKNOWN, without a reason. It has no
 * inputs then and holds no memory.
 */
final class InferRequest implements AutoCloseable {
  private static final InputTensor[] NO_INPUTS = {};
  private static final VarHandle MEMORY;

  static {
    try {
      MEMORY =
          MethodHandles.lookup().findVarHandle(InferRequest.class, "memory", InputStream.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final String modelName;
  private final String modelVersion;
  private final String id;
  private final InputTensor[] inputs;
  private final List<String> requestedOutputs;
  private final List<Parameter> parameters;
  private final long byteLength;
  private final @Nullable Failure problem;

  /**
   * The detached stream whose closing gives the memory back; null if the heap holds it. Not
   * volatile: a request passes between threads by ways that publish it, and closing swaps it.
   */
  @SuppressWarnings("UnusedVariable") // through MEMORY
  private @Nullable InputStream memory;

  InferRequest(
      String modelName,
      String modelVersion,
      String id,
      InputTensor[] inputs,
      List<String> requestedOutputs,
      List<Parameter> parameters,
      long byteLength,
      @Nullable InputStream memory) {
    this.modelName = modelName;
    this.modelVersion = modelVersion;
    this.id = id;
    this.inputs = inputs;
    this.requestedOutputs = requestedOutputs;
    this.parameters = parameters;
    this.byteLength = byteLength;
    this.problem = null;
    this.memory = memory;
  }

  private InferRequest(String modelName, String modelVersion, String id, Failure problem) {
    this.modelName = modelName;
    this.modelVersion = modelVersion;
    this.id = id;
    this.inputs = NO_INPUTS;
    this.requestedOutputs = List.of();
    this.parameters = List.of();
    this.byteLength = 0;
    this.problem = problem;
  }

  /** A request that cannot be served, with as much of its names as could be read. */
  static InferRequest unusable(String modelName, String modelVersion, String id, Failure problem) {
    return new InferRequest(modelName, modelVersion, id, problem);
  }

  String modelName() {
    return modelName;
  }

  /** As sent: empty leaves the choice to us. */
  String modelVersion() {
    return modelVersion;
  }

  /** As sent, to come back in the response; empty if there is none. */
  String id() {
    return id;
  }

  int inputCount() {
    return inputs.length;
  }

  /** Input number {@code index}, in the order sent; names differ from each other. */
  InputTensor input(int index) {
    return inputs[index];
  }

  /** Names in the order asked for, each once; empty asks for all outputs. */
  List<String> requestedOutputs() {
    return requestedOutputs;
  }

  /** The request's own parameters, known to us or not, each name once. */
  List<Parameter> parameters() {
    return parameters;
  }

  /** The value of a parameter as text; null if it was not given. */
  @Nullable String value(String name) {
    Parameter parameter = parameter(name);
    if (parameter == null || parameter.kind() == Parameter.Kind.NONE) {
      return null;
    }
    return parameter.kind() == Parameter.Kind.STRING ? parameter.text() : parameter.toString();
  }

  @Nullable Parameter parameter(String name) {
    for (int i = 0; i < parameters.size(); i++) {
      if (parameters.get(i).name().equals(name)) {
        return parameters.get(i);
      }
    }
    return null;
  }

  /** Bytes of memory held: the message, and copies made of typed contents. */
  long byteLength() {
    return byteLength;
  }

  /** Why the request cannot be served; null if it can, as far as can be told without the model. */
  @Nullable Failure problem() {
    return problem;
  }

  /** Gives the memory back. The inputs' bytes must not be read from here on. */
  @Override
  public void close() {
    InputStream held = (InputStream) MEMORY.getAndSet(this, (InputStream) null);
    if (held != null) {
      closeQuietly(held);
    }
  }

  static void closeQuietly(InputStream memory) {
    try {
      memory.close();
    } catch (IOException ignored) {
      // releasing a buffer does no I/O; were it to fail there would be nothing left to do
    }
  }

  @Override
  public String toString() {
    return "InferRequest of "
        + Quoted.of(modelName)
        + (problem != null ? ": " + problem : " with " + inputs.length + " inputs");
  }
}
