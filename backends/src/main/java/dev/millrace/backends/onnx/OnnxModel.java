// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.model.Runner;
import java.util.Optional;
import java.util.concurrent.locks.Lock;

/**
 * One ORT session, and what was found out about its graph. Weights are in memory once, however many
 * runners there are; but where runs are captured as CUDA graphs, each runner has a session of its
 * own.
 *
 * <p>A run on a closed session takes the process down, so this refuses to be closed while a runner
 * is open, and gives no runner once it is closed.
 */
final class OnnxModel implements LoadedModel {
  private final OrtSession session;
  private final Device device;
  private final ModelSignature signature;
  private final RunPlan plan;
  private final Optional<Captures> captures;
  private final Object lock = new Object();
  private boolean isSessionTaken;
  private int openRunners;
  private boolean closed;

  /**
   * @param captures if runs are captured; the session was made for it
   */
  OnnxModel(
      OrtSession session,
      Device device,
      ModelSignature signature,
      RunPlan plan,
      Optional<Captures> captures) {
    this.captures = captures;
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
      openRunners++;
    }
    try {
      return captures.isPresent() ? capturingRunner(captures.get()) : runner(session, () -> {});
    } catch (RuntimeException | Error e) {
      runnerClosed();
      throw e;
    }
  }

  private Runner runner(OrtSession own, Runnable onClose) {
    return new OnnxRunner(
        own,
        device,
        plan,
        captures,
        () -> {
          onClose.run();
          runnerClosed();
        });
  }

  private Runner capturingRunner(Captures captures) {
    synchronized (lock) {
      if (!isSessionTaken) {
        isSessionTaken = true;
        return runner(session, this::giveBackSession);
      }
    }
    try {
      OrtSession another = captures.another().open();
      try {
        return runner(another, () -> close(another));
      } catch (RuntimeException | Error e) {
        close(another);
        throw e;
      }
    } catch (OrtException e) {
      throw new IllegalStateException(Ort.message(e), e);
    }
  }

  private void giveBackSession() {
    synchronized (lock) {
      isSessionTaken = false;
    }
  }

  @Override
  public boolean runsOnCores() {
    return !device.isGpu();
  }

  @Override
  public boolean sharesWeights() {
    return captures.isEmpty();
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
    close(session);
  }

  private void close(OrtSession open) {
    Lock shared = CaptureLock.GPUS.shared();
    if (device.isGpu()) {
      shared.lock();
    }
    try {
      open.close();
    } catch (OrtException e) {
      throw new IllegalStateException(Ort.message(e), e);
    } finally {
      if (device.isGpu()) {
        shared.unlock();
      }
    }
  }
}
