// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.DeviceFault;
import dev.millrace.backends.model.Closing;
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
    try (Arena arena = Arena.ofConfined()) {
      OnnxGraph graph = OnnxGraph.read(sessions.map(arena));
      GraphEdits edits = GraphEdits.of(graph);
      Interface.checkServable(graph.inputs(), edits.outputs());
      Opened opened = open(sessions, graph, edits, arena);
      Tried tried = tryOut(opened, sessions, graph, edits);
      OrtSession session = opened.session();
      if (opened.cuda().isPresent() && tried.captures().isEmpty()) {
        // one that was made for graphs would neither be shared nor give memory back after peaks
        sessions.close(session);
        session = sessions.open(graph, edits, arena, false);
      }
      return new OnnxModel(
          session, sessions, device, tried.signature(), tried.plan(), tried.captures());
    } catch (OrtException e) {
      throw new ModelLoadException(Ort.message(e), e);
    } catch (IOException e) {
      throw new ModelLoadException("cannot read " + artifact.file().getFileName() + ": " + e, e);
    }
  }

  /**
   * A session.
   *
   * @param cuda if it was made for graphs
   */
  private record Opened(OrtSession session, Optional<CudaRuntime> cuda) {}

  private Opened open(SessionFactory sessions, OnnxGraph graph, GraphEdits edits, Arena arena)
      throws OrtException, ModelLoadException {
    Optional<CudaRuntime> cuda = forGraphs(sessions.engine(), graph);
    if (cuda.isPresent()) {
      try {
        return new Opened(sessions.open(graph, edits, arena, true), cuda);
      } catch (OrtException e) {
        if (DeviceFault.of(Ort.message(e)) != DeviceFault.NONE) {
          throw e; // one without graphs would fare no better
        }
        withoutGraphs(sessions.engine(), Ort.message(e)); // operators that are the processor's, say
      }
    }
    return new Opened(sessions.open(graph, edits, arena, false), Optional.empty());
  }

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

  /** What was found out. */
  private record Tried(ModelSignature signature, RunPlan plan, Optional<Captures> captures) {}

  /** Closes the session if the model is not to be served. */
  private Tried tryOut(Opened opened, SessionFactory sessions, OnnxGraph graph, GraphEdits edits)
      throws OrtException, ModelLoadException {
    try {
      return tryOut(opened, sessions.engine(), graph, edits);
    } catch (OrtException | ModelLoadException | RuntimeException e) {
      Closing.after(e, () -> sessions.close(opened.session()));
      throw e;
    }
  }

  private Tried tryOut(Opened opened, OnnxOptions engine, OnnxGraph graph, GraphEdits edits)
      throws OrtException, ModelLoadException {
    OrtSession session = opened.session();
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
          opened.cuda().isPresent()
              ? captures(opened.cuda().get(), engine, plan, trials)
              : Optional.empty();
      return new Tried(signature, plan, captures);
    }
  }

  private Optional<Captures> captures(
      CudaRuntime cuda, OnnxOptions engine, RunPlan plan, Trials trials) throws ModelLoadException {
    Optional<String> objection = CudaGraphs.objection(plan);
    Optional<CaptureTrial> trial = objection.isPresent() ? Optional.empty() : trial(plan, trials);
    if (trial.isEmpty()) {
      withoutGraphs(
          engine, objection.orElseGet(() -> "it could not be tried out: " + trials.lastError()));
    }
    return trial.map(each -> new Captures(cuda, each));
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
