// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;

/**
 * Ends a runner's run from another thread, by the flag in ORT's run options: ORT looks at it before
 * each node of a graph, of the body of a loop too. It does not end a node, however long that takes.
 *
 * <p>One set of options serves all runs of a runner, so the flag outlives the run that it ended.
 * {@link #begin} takes it down, and knows by {@code requested} whether it has to: a run that is
 * never terminated pays for one volatile read. The flag goes up first and {@code requested} behind
 * it. A run that begins between the two is ended, and rightly: it had begun before {@link
 * #terminate} returned. The one after it finds {@code requested} and takes the flag down, so none
 * ends by a call that was over when it began.
 *
 * <p>The lock keeps the options from being freed under a call.
 */
final class Termination implements AutoCloseable {
  private final OrtSession.RunOptions options;
  private final Object lock = new Object();
  private volatile boolean requested;
  private boolean closed; // guarded by lock

  Termination() {
    try {
      options = new OrtSession.RunOptions();
    } catch (OrtException e) {
      throw new IllegalStateException(Ort.message(e), e);
    }
  }

  /** What each run is to be given. */
  OrtSession.RunOptions options() {
    return options;
  }

  /** A run begins; by the runner's thread, before anything else. */
  void begin() {
    if (requested) {
      set(false);
    }
  }

  /** Any thread. */
  void terminate() {
    set(true);
  }

  /** Whether somebody wants the run to end that has begun last. */
  boolean isRequested() {
    return requested;
  }

  private void set(boolean terminate) {
    synchronized (lock) {
      if (closed) {
        return;
      }
      try {
        options.setTerminate(terminate);
      } catch (OrtException e) {
        throw new IllegalStateException(Ort.message(e), e);
      }
      requested = terminate;
    }
  }

  /** When no run will begin any more. */
  @Override
  public void close() {
    synchronized (lock) {
      if (!closed) {
        closed = true;
        options.close();
      }
    }
  }
}
