// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.EngineDevices;
import dev.millrace.backends.device.Processor;
import dev.millrace.backends.model.Backend;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelOptions;

/** ONNX Runtime, on this machine's processor or its GPUs. */
public final class OnnxBackend implements Backend {

  @Override
  public String name() {
    return "onnxruntime";
  }

  @Override
  public String platform() {
    return "onnxruntime_onnx";
  }

  @Override
  public String defaultFileName() {
    return "model.onnx";
  }

  @Override
  public EngineDevices devices() {
    return new OnnxDevices(new OrtProbe(), Processor.ofThisMachine()).find();
  }

  @Override
  public LoadedModel load(ModelArtifact artifact, ModelOptions options) throws ModelLoadException {
    return load(artifact, options, Device.CPU);
  }

  @Override
  public LoadedModel load(ModelArtifact artifact, ModelOptions options, Device device)
      throws ModelLoadException {
    return new OnnxLoader(artifact, options, device).load();
  }
}
