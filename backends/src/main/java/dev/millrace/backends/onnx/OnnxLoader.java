// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.model.Padder;
import dev.millrace.backends.model.Padding;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.tensor.TensorSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Loads one model: reads what its graph declares, opens a session, and tries it out. */
final class OnnxLoader {
  private static final Logger log = LoggerFactory.getLogger(OnnxLoader.class);

  /** What trying a model out may take; a run under way is not interrupted. */
  private static final long MOST_TRIAL_MILLIS = 10_000;

  /** Of which a graph has to give what single kernels did. */
  private static final int TRIAL_ROWS = 5;

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
    SessionFactory sessions = new SessionFactory(artifact, options, engine, device);
    try (Arena arena = Arena.ofShared()) {
      OnnxGraph graph = OnnxGraph.read(sessions.map(arena));
      GraphEdits edits = GraphEdits.of(graph);
      Interface.checkServable(graph.inputs(), edits.outputs());
      Optional<CudaRuntime> cuda = forGraphs(engine, graph);
      Opened opened = open(sessions, graph, edits, arena, cuda);
      OrtSession session = opened.session();
      try {
        return tryOut(session, graph, edits, opened.capturing());
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

  /** What it takes for runs to be captured as CUDA graphs, if a model's can be. */
  private record Capturing(CudaRuntime cuda, SessionFactory sessions) {}

  /** What it takes to capture runs, if they may be as far as the graph shows. */
  private Optional<CudaRuntime> forGraphs(OnnxOptions engine, OnnxGraph graph)
      throws ModelLoadException {
    if (!device.isGpu() || !engine.cuda().graphs().orElse(true)) {
      return Optional.empty();
    }
    if (engine.usesTensorRt()) {
      withoutGraphs(engine, "TensorRT runs it");
      return Optional.empty();
    }
    if (Interface.shapesVary(graph.inputs())) {
      withoutGraphs(engine, "shapes of its inputs vary");
      return Optional.empty();
    }
    try {
      return Optional.of(CudaRuntime.find());
    } catch (OrtException e) {
      withoutGraphs(engine, Ort.message(e));
      return Optional.empty();
    }
  }

  /** A session, and whether it was made for graphs. */
  private record Opened(OrtSession session, Optional<Capturing> capturing) {}

  private Opened open(
      SessionFactory sessions,
      OnnxGraph graph,
      GraphEdits edits,
      Arena arena,
      Optional<CudaRuntime> cuda)
      throws OrtException, ModelLoadException {
    if (cuda.isPresent()) {
      try {
        OrtSession session = sessions.open(graph, edits, arena, true);
        return new Opened(session, Optional.of(new Capturing(cuda.get(), sessions)));
      } catch (OrtException e) {
        // operators that are the processor's, say
        withoutGraphs(sessions.engine(), Ort.message(e));
      }
    }
    return new Opened(sessions.open(graph, edits, arena, false), Optional.empty());
  }

  /** Says so, or that it is not what was asked for. */
  private void withoutGraphs(OnnxOptions engine, String reason) throws ModelLoadException {
    if (engine.cuda().graphs().orElse(false)) {
      throw new ModelLoadException("cuda.enable_cuda_graph: 1, but " + reason);
    }
    log.info("{}: no CUDA graphs: {}", this, reason);
  }

  @Override
  public String toString() {
    return "model %s version %d".formatted(artifact.name(), artifact.version());
  }

  private OnnxModel tryOut(
      OrtSession session, OnnxGraph graph, GraphEdits edits, Optional<Capturing> capturing)
      throws OrtException, ModelLoadException {
    List<GraphValue> inputs = Interface.narrowed(graph.inputs(), options.declaredInputs());
    List<GraphValue> outputs = typed(edits.outputs(), session.getOutputInfo());
    List<TensorSpec> inputSpecs = Interface.specs(inputs);
    List<String> fedNames = inputs.stream().map(input -> edits.fedName(input.name())).toList();
    RunPlan unproven = RunPlan.unproven(inputSpecs, fedNames, Interface.specs(outputs));
    try (Runner runner = new OnnxRunner(session, device, unproven, Optional.empty(), () -> {})) {
      Trials trials =
          new Trials(
              runner,
              device.isGpu() ? Answer.Rounding.COARSE : Answer.Rounding.FINE,
              inputs,
              outputs.size(),
              graph.hints(),
              MOST_TRIAL_MILLIS);
      BatchProof proof = new BatchProof(trials, inputs, unproven.outputs());
      ModelSignature.Batching batching = batching(proof.objection(graph.hints().sizes()));
      Findings findings = new Findings(inputs, outputs, batching, trials);
      Interface.checkDeclared("output", options.declaredOutputs(), findings.outputSpecs());
      ModelSignature signature = findings.signature();
      checkPadding(trials, inputs, outputs, signature);
      RunPlan plan = findings.plan(fedNames, graph.hints().operators());
      Optional<Captures> captures =
          capturing.isPresent() ? captures(capturing.get(), plan, trials) : Optional.empty();
      return new OnnxModel(session, device, signature, plan, captures);
    }
  }

  private Optional<Captures> captures(Capturing capturing, RunPlan plan, Trials trials)
      throws ModelLoadException {
    Optional<String> objection = CudaGraphs.objection(plan);
    if (objection.isPresent()) {
      withoutGraphs(capturing.sessions().engine(), objection.get());
      return Optional.empty();
    }
    return trial(plan, trials)
        .map(trial -> new Captures(capturing.cuda(), trial, capturing.sessions()::another));
  }

  private Optional<CaptureTrial> trial(RunPlan plan, Trials trials) {
    OpenSizes sizes = new OpenSizes(1);
    ModelInputs sample =
        plan.batched()
            ? trials.sample(TrialValues.NORMAL, sizes, 0, Math.min(plan.maxRows(), TRIAL_ROWS))
            : trials.whole(TrialValues.NORMAL, sizes);
    List<Answer> answers = sample == null ? null : trials.run(sample);
    return sample == null || answers == null
        ? Optional.empty()
        : Optional.of(new CaptureTrial(sample, answers));
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
