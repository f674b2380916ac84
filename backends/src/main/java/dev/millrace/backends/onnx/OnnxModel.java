// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.model.Runner;

/**
 * One ORT session, and what was found out about its graph. Weights are in memory once, however many
 * runners there are.
 *
 * <p>A run on a closed session takes the process down, so this refuses to be closed while a runner
 * is open, and gives no runner once it is closed.
 */
final class OnnxModel implements LoadedModel {
  private final OrtSession session;
  private final Device device;
  private final ModelSignature signature;
  private final RunPlan plan;
  private final Object lock = new Object();
  private int openRunners;
  private boolean closed;

  OnnxModel(OrtSession session, Device device, ModelSignature signature, RunPlan plan) {
    this.session = session;
    this.device = device;
    this.signature = signature;
    this.plan = plan;
  }

  @Override
  public ModelSignature signature() {
    return signature;
  }

  @Override
  public Runner newRunner() {
    synchronized (lock) {
      if (closed) {
        throw new IllegalStateException("the model is closed");
      }
      Runner runner = new OnnxRunner(session, device, plan, this::runnerClosed);
      openRunners++; // counted once it is there to be closed
      return runner;
    }
  }

  @Override
  public boolean runsOnCores() {
    return !device.isGpu();
  }

  RunPlan plan() {
    return plan;
  }

  private void runnerClosed() {
    synchronized (lock) {
      openRunners--;
    }
  }

  /**
   * Frees the weights.
   *
   * @throws IllegalStateException if a runner is still open
   */
  @Override
  public void close() {
    synchronized (lock) {
      if (openRunners > 0) {
        throw new IllegalStateException(openRunners + " runners are still open");
      }
      if (closed) {
        return;
      }
      closed = true;
    }
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException(Ort.message(e), e);
    }
  }
}
