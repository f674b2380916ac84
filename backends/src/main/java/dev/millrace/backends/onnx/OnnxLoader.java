// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.model.Padder;
import dev.millrace.backends.model.Padding;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.tensor.TensorSpec;
import dev.millrace.backends.threads.Niceness;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Loads one model: reads what its graph declares, opens a session, and tries it out. */
final class OnnxLoader {
  private static final Logger log = LoggerFactory.getLogger(OnnxLoader.class);

  /** What trying a model out may take; a run under way is not interrupted. */
  private static final long MOST_TRIAL_MILLIS = 10_000;

  private final ModelArtifact artifact;
  private final ModelOptions options;
  private final Device device;

  OnnxLoader(ModelArtifact artifact, ModelOptions options, Device device) {
    this.artifact = artifact;
    this.options = options;
    this.device = device;
  }

  OnnxModel load() throws ModelLoadException {
    OnnxOptions engine = OnnxOptions.parse(options.engine());
    try (Arena arena = Arena.ofShared()) {
      OnnxGraph graph = OnnxGraph.read(map(artifact.file(), arena));
      GraphEdits edits = GraphEdits.of(graph);
      Interface.checkServable(graph.inputs(), edits.outputs());
      OrtSession session = open(engine, graph, edits, arena);
      try {
        return tryOut(session, graph, edits);
      } catch (OrtException | ModelLoadException | RuntimeException e) {
        session.close();
        throw e;
      }
    } catch (OrtException e) {
      throw new ModelLoadException(Ort.message(e), e);
    } catch (IOException e) {
      throw new ModelLoadException("cannot read " + artifact.file().getFileName() + ": " + e, e);
    }
  }

  private static MemorySegment map(Path file, Arena arena) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    }
  }

  private OrtSession open(OnnxOptions engine, OnnxGraph graph, GraphEdits edits, Arena arena)
      throws OrtException, ModelLoadException {
    OrtEnvironment environment = Ort.environment();
    try (OrtSession.SessionOptions session = new OrtSession.SessionOptions()) {
      engine.apply(session, options.threads(), Interface.shapesVary(graph.inputs()));
      if (device.isGpu()) {
        engine.cuda().apply(session, device, options.gpuMemoryBytes());
      }
      if (edits.isEmpty()) {
        // from the file: external data is found beside it, and nothing is copied
        String file = artifact.file().toString();
        return create(engine, () -> environment.createSession(file, session));
      }
      log.info("{} version {}: {}", artifact.name(), artifact.version(), edits.describe());
      Path folder = artifact.file().toAbsolutePath().getParent();
      session.addConfigEntry(
          "session.model_external_initializers_file_folder_path", String.valueOf(folder));
      ByteBuffer edited = edits.write(arena);
      return create(engine, () -> environment.createSession(edited, session));
    }
  }

  /** Has a session created; the threads that ORT may start for it serve. */
  private OrtSession create(OnnxOptions engine, Callable<OrtSession> creation) throws OrtException {
    try {
      return !engine.startsThreads(options.threads())
          ? creation.call()
          : Niceness.asServing(creation);
    } catch (OrtException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("a session was not created", e);
    }
  }

  private OnnxModel tryOut(OrtSession session, OnnxGraph graph, GraphEdits edits)
      throws OrtException, ModelLoadException {
    List<GraphValue> inputs = Interface.narrowed(graph.inputs(), options.declaredInputs());
    List<GraphValue> outputs = typed(edits.outputs(), session.getOutputInfo());
    List<TensorSpec> inputSpecs = Interface.specs(inputs);
    List<String> fedNames = inputs.stream().map(input -> edits.fedName(input.name())).toList();
    RunPlan unproven = RunPlan.unproven(inputSpecs, fedNames, Interface.specs(outputs));
    try (Runner runner = new OnnxRunner(session, device, unproven, () -> {})) {
      Trials trials = new Trials(runner, inputs, outputs.size(), graph.hints(), MOST_TRIAL_MILLIS);
      BatchProof proof = new BatchProof(trials, inputs, unproven.outputs());
      ModelSignature.Batching batching = batching(proof.objection(graph.hints().sizes()));
      Findings findings = new Findings(inputs, outputs, batching, trials);
      Interface.checkDeclared("output", options.declaredOutputs(), findings.outputSpecs());
      ModelSignature signature = findings.signature();
      checkPadding(trials, inputs, outputs, signature);
      return new OnnxModel(
          session, device, signature, findings.plan(fedNames, graph.hints().operators()));
    }
  }

  private void checkPadding(
      Trials trials, List<GraphValue> inputs, List<GraphValue> outputs, ModelSignature signature)
      throws ModelLoadException {
    Padding padding = options.padding();
    if (padding.isEmpty() || !padding.problems(signature).isEmpty()) {
      return; // problems are told by whoever loads, whatever the engine
    }
    Padder padder = Padder.of(signature, padding);
    Optional<String> objection =
        new PaddingProof(trials, inputs, outputs, padding, padder).objection();
    if (objection.isPresent()) {
      throw new ModelLoadException("padding: " + objection.get());
    }
  }

  private ModelSignature.Batching batching(Optional<String> objection) throws ModelLoadException {
    int configured = options.maxBatchSize().orElse(-1);
    if (configured == 0) {
      return new ModelSignature.Batching.Unbatched("configured");
    }
    if (objection.isEmpty()) {
      return new ModelSignature.Batching.Batched(
          configured > 0 ? configured : ModelOptions.DEFAULT_MAX_BATCH_SIZE);
    }
    if (configured > 0) {
      throw new ModelLoadException(
          "max batch size %d is configured, but the model cannot be batched: %s"
              .formatted(configured, objection.get()));
    }
    return new ModelSignature.Batching.Unbatched(objection.get());
  }

  /** Outputs with ORT's inferred types where the graph declares none. */
  private static List<GraphValue> typed(List<GraphValue> outputs, Map<String, NodeInfo> inferred)
      throws ModelLoadException {
    List<GraphValue> typed = new ArrayList<>();
    for (GraphValue output : outputs) {
      NodeInfo info = inferred.get(output.name());
      if (output.elementType() == ElementType.UNDEFINED
          && info != null
          && info.getInfo() instanceof TensorInfo tensor) {
        int type = ElementType.of(tensor.onnxType);
        if (ElementType.dataType(type) == null) {
          throw new ModelLoadException(
              "output '%s' has element type %s, which the protocol does not have"
                  .formatted(output.name(), tensor.onnxType));
        }
        typed.add(new GraphValue(output.name(), output.kind(), type, output.dims()));
      } else if (output.elementType() == ElementType.UNDEFINED) {
        throw new ModelLoadException(
            "output '%s' is no tensor (%s)".formatted(output.name(), info));
      } else {
        typed.add(output);
      }
    }
    return typed;
  }
}
