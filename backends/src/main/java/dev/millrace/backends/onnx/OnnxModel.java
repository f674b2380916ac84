// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.Closing;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.model.Runner;
import java.util.List;
import java.util.Optional;

/**
 * One ORT session, and what was found out about its graph. Weights are in memory once, however many
 * runners there are.
 *
 * <p>Not so where runs are captured as CUDA graphs: each runner has a session of its own then,
 * which is closed with it, for ORT keeps in it what belongs to the runner's thread. The first
 * runner's is the one that the model was tried out on.
 *
 * <p>A run on a closed session takes the process down, so this refuses to be closed while a runner
 * is open, and gives no runner once it is closed.
 */
final class OnnxModel implements LoadedModel {
  private final OrtSession first;
  private final ModelSessions sessions;
  private final Device device;
  private final ModelSignature signature;
  private final RunPlan plan;
  private final Optional<Captures> captures;
  private final Object lock = new Object();
  private boolean isFirstTaken; // for good: whoever takes it closes it
  private int openRunners;
  private boolean closed;

  /**
   * @param first made for graphs if runs are captured
   * @param sessions of which it is one
   */
  OnnxModel(
      OrtSession first,
      ModelSessions sessions,
      Device device,
      ModelSignature signature,
      RunPlan plan,
      Optional<Captures> captures) {
    this.first = first;
    this.sessions = sessions;
    this.device = device;
    this.signature = signature;
    this.plan = plan;
    this.captures = captures;
  }

  @Override
  public ModelSignature signature() {
    return signature;
  }

  @Override
  public Runner newRunner() {
    return newRunner(true);
  }

  @Override
  public Runner newUnattachedRunner() {
    return newRunner(false);
  }

  private Runner newRunner(boolean mayCapture) {
    synchronized (lock) {
      if (closed) {
        throw new IllegalStateException("the model is closed");
      }
      openRunners++;
    }
    try {
      if (captures.isEmpty()) {
        return runner(first, captures, () -> {});
      }
      return mayCapture
          ? owner(firstOrAnother(), captures)
          : owner(sessions.open(false), Optional.empty());
    } catch (OrtException e) {
      runnerClosed();
      throw new IllegalStateException(Ort.message(e), e);
    } catch (RuntimeException | Error e) {
      runnerClosed();
      throw e;
    }
  }

  private OrtSession firstOrAnother() throws OrtException {
    synchronized (lock) {
      if (!isFirstTaken) {
        isFirstTaken = true;
        return first;
      }
    }
    return sessions.open(true);
  }

  /** A runner that closes its session. */
  private Runner owner(OrtSession own, Optional<Captures> itsCaptures) {
    try {
      return runner(own, itsCaptures, () -> sessions.close(own));
    } catch (RuntimeException | Error e) {
      Closing.after(e, () -> sessions.close(own));
      throw e;
    }
  }

  private Runner runner(OrtSession session, Optional<Captures> itsCaptures, Runnable onClose) {
    return new OnnxRunner(
        session,
        device,
        plan,
        itsCaptures,
        () -> Closing.all(List.of(onClose, this::runnerClosed)));
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
      if (isFirstTaken) {
        return;
      }
    }
    sessions.close(first);
  }
}
