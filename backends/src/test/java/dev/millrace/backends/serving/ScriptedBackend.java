// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.EngineDevices;
import dev.millrace.backends.model.Backend;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.backends.tensor.TensorSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/**
 * A fake engine that does what a test says: one INT32 input and output {@code [-1]}, values mapped
 * one by one. Records the batches it was given and what of it is open.
 */
final class ScriptedBackend implements Backend {
  static final String NAME = "scripted";

  /** What a run does to the values of a batch; may throw to fail it. */
  interface Script {
    List<Integer> run(List<Integer> values) throws ModelRunException;
  }

  /** What a runner does when its thread is about to begin; may throw to fail it. */
  interface Attaching {
    void attach() throws ModelRunException;
  }

  volatile Script script = values -> values;
  volatile UnaryOperator<ModelSignature> signature = s -> s;

  /** What terminating a run does, if anything. */
  volatile Runnable terminate = () -> {};

  /** What it says that it can run on; the processor if it is not told. */
  volatile Optional<EngineDevices> devices = Optional.empty();

  /** Where it fails to load, as if the model did not fit. */
  final Set<Device> full = ConcurrentHashMap.newKeySet();

  /** Where models were loaded, and on which device each new runner is. */
  final List<Device> loads = new CopyOnWriteArrayList<>();

  final List<Device> runners = new CopyOnWriteArrayList<>();

  volatile boolean refuseToLoad;
  volatile boolean refuseRunners;
  volatile boolean refuseToClose;
  volatile boolean refuseToCloseRunners;

  /** Whether runners bring weights of their own. */
  volatile boolean ownWeights;

  /** What a runner does when its thread is about to begin. */
  volatile Attaching attaching = () -> {};

  /** How many runners there is memory for on GPUs. */
  volatile int fittingRunners = Integer.MAX_VALUE;

  /** What a run says that it took. */
  volatile long runNanos = 2;

  final List<List<Integer>> batches = new CopyOnWriteArrayList<>();
  final AtomicInteger terminations = new AtomicInteger();
  final AtomicInteger openModels = new AtomicInteger();
  final AtomicInteger openRunners = new AtomicInteger();

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String platform() {
    return "scripted_test";
  }

  @Override
  public String defaultFileName() {
    return "model.scripted";
  }

  @Override
  public EngineDevices devices() {
    return devices.orElseGet(Backend.super::devices);
  }

  @Override
  public LoadedModel load(ModelArtifact artifact, ModelOptions options) throws ModelLoadException {
    return load(artifact, options, Device.CPU);
  }

  @Override
  public LoadedModel load(ModelArtifact artifact, ModelOptions options, Device device)
      throws ModelLoadException {
    if (full.contains(device)) {
      throw new ModelLoadException("out of memory");
    }
    loads.add(device);
    if (refuseToLoad) {
      throw new ModelLoadException("told to fail");
    }
    ModelSignature plain =
        new ModelSignature(
            List.of(new TensorSpec("x", DataType.INT32, -1)),
            List.of(new TensorSpec("y", DataType.INT32, -1)),
            new ModelSignature.Batching.Batched(options.maxBatchSize().orElse(8)));
    ScriptedModel model = new ScriptedModel(signature.apply(plain), device);
    openModels.incrementAndGet();
    return model;
  }

  private final class ScriptedModel implements LoadedModel {
    private final ModelSignature signature;
    private final Device device;

    ScriptedModel(ModelSignature signature, Device device) {
      this.signature = signature;
      this.device = device;
    }

    @Override
    public ModelSignature signature() {
      return signature;
    }

    @Override
    public Runner newRunner() {
      if (refuseRunners) {
        throw new IllegalStateException("told to fail");
      }
      if (device.isGpu() && openRunners.get() >= fittingRunners) {
        throw new IllegalStateException("CUDA failure 2: out of memory ;");
      }
      openRunners.incrementAndGet();
      runners.add(device);
      return new ScriptedRunner();
    }

    @Override
    public boolean sharesWeights() {
      return !ownWeights;
    }

    @Override
    public boolean runsOnCores() {
      return !device.isGpu();
    }

    @Override
    public void close() {
      openModels.decrementAndGet();
      if (refuseToClose) {
        throw new IllegalStateException("told to fail");
      }
    }
  }

  private final class ScriptedRunner implements Runner {
    @Override
    public OutputTensor[] run(List<? extends ModelInputs> requests, int rows)
        throws ModelRunException {
      List<Integer> values = new ArrayList<>();
      for (ModelInputs request : requests) {
        ByteBuffer bytes = request.input(0).contiguous().duplicate().order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
          values.add(bytes.getInt());
        }
      }
      batches.add(values);
      List<Integer> results = script.run(values);
      ByteBuffer data = ByteBuffer.allocate(results.size() * 4).order(ByteOrder.LITTLE_ENDIAN);
      results.forEach(data::putInt);
      return new OutputTensor[] {
        new OutputTensor(DataType.INT32, new long[] {results.size()}, data.flip())
      };
    }

    @Override
    public void attach() throws ModelRunException {
      attaching.attach();
    }

    @Override
    public void terminate() {
      terminations.incrementAndGet();
      terminate.run();
    }

    @Override
    public RunTimes lastTimes() {
      return new RunTimes(1, runNanos, 3);
    }

    @Override
    public void close() {
      openRunners.decrementAndGet();
      if (refuseToCloseRunners) {
        throw new IllegalStateException("told to fail");
      }
    }
  }
}
