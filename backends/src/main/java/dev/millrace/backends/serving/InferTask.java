// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.CheckedInputs;
import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.tensor.TensorView;
import dev.millrace.batching.Batchable;
import dev.millrace.batching.Rejection;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * One request on its way through a served version. Exactly one of {@link #succeeded} and {@link
 * #failed} is called, once, then {@link #depart}, and {@link #released} once, whichever way it
 * ends:
 *
 * <pre>
 *   QUEUED ──claim──▶ TAKEN ──▶ DONE        succeeded or failed, by the replica
 *     └──reject, cancel, refuse──▶ DONE     failed, by whoever wins the compare-and-set
 *                            └──▶ RELEASED   memory and lease given back
 * </pre>
 *
 * <p>A task that is cancelled while TAKEN is computed and its answer discarded: its neighbours in
 * the batch are not to pay for it. It owns its served version's lease until it is released.
 */
public abstract class InferTask implements Batchable, ModelInputs {
  private static final int QUEUED = 0;
  private static final int TAKEN = 1;
  private static final int DONE = 2;
  private static final int RELEASED = 3;
  private static final Failure CANCELLED = new Failure(Failure.Kind.CANCELLED, "cancelled");
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(InferTask.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final ServedVersion served;
  private final CheckedInputs inputs;
  private final long arrivalNanos;
  private final Terms terms;

  // the served version's; set before the task is queued
  private AnswerOrder.@Nullable Turn turn;
  private boolean isCounted;

  @SuppressWarnings("unused") // through STATE
  private volatile int state;

  private volatile boolean abandoned;

  /**
   * @param served leased by the caller; the task gives the lease back
   * @param terms the served version's, for what was asked of it
   */
  protected InferTask(ServedVersion served, CheckedInputs inputs, long arrivalNanos, Terms terms) {
    this.served = served;
    this.inputs = inputs;
    this.arrivalNanos = arrivalNanos;
    this.terms = terms;
  }

  /**
   * Makes the answer, which {@link #depart} sends: on a replica's thread. The outputs hold the rows
   * of the whole batch and are valid only during the call.
   *
   * @param rowFrom this task's first row; of an unbatched model 0
   * @throws InferException if there is no answer after all; {@link #failed} is called then
   */
  protected abstract void succeeded(OutputTensor[] outputs, int rowFrom) throws InferException;

  /** No answer, and why; {@link #depart} tells the caller. On any thread. Must not block. */
  protected abstract void failed(Failure failure);

  /** Puts what was made into the {@link #sink}. On any thread. Must not block. */
  protected abstract void depart();

  /** The input tensors are no longer read: their memory can go. On any thread. */
  protected abstract void released();

  /** Where the answer leaves. */
  protected abstract CompletionSink sink();

  public final ServedVersion served() {
    return served;
  }

  @Override
  public final TensorView input(int index) {
    return inputs.tensors()[index];
  }

  @Override
  public final int rows() {
    return inputs.rows();
  }

  /** Bytes that this task keeps from being freed: those of its tensors, unless it holds more. */
  @Override
  public long bytes() {
    return inputs.bytes();
  }

  @Override
  public final Object shapeKey() {
    return inputs.shapeKey();
  }

  @Override
  public final long rowSize() {
    return inputs.rowSize();
  }

  @Override
  public final long deadlineNanos() {
    return terms.deadlineNanos();
  }

  /** What the caller has set as deadline; Long.MAX_VALUE for none. */
  final long callerDeadlineNanos() {
    return terms.callerDeadlineNanos();
  }

  @Override
  public final long startByNanos() {
    return terms.startByNanos();
  }

  @Override
  public final boolean isDelayable() {
    return terms.isDelayable();
  }

  @Override
  public final int priority() {
    return terms.priority();
  }

  @Override
  public final int tenant() {
    return terms.tenant();
  }

  public final long arrivalNanos() {
    return arrivalNanos;
  }

  @Override
  public final boolean batchable() {
    return served.signature().isBatched();
  }

  @Override
  public final boolean isSettled() {
    return state != QUEUED;
  }

  /** The served version's, before the task is queued: that it counts among those that wait. */
  final void counted() {
    isCounted = true;
  }

  /** The served version's, before the task is queued: its place among the answers. */
  final void inTurn(AnswerOrder.Turn place) {
    turn = place;
  }

  @Override
  public final boolean claim() {
    if (!STATE.compareAndSet(this, QUEUED, TAKEN)) {
      return false;
    }
    countOut();
    return true;
  }

  /** By whoever has ended the wait. */
  private void countOut() {
    if (isCounted) {
      served.countOut(terms.priority());
    }
  }

  @Override
  public final boolean reject(Rejection rejection) {
    if (isSettled() || !settle(served.failureOf(rejection, this))) {
      return false;
    }
    served.statistics().rejected(rejection);
    return true;
  }

  /**
   * Nobody waits for the answer any more. Work that has not begun is dropped; work that has begun
   * is discarded when it ends. From any thread, any number of times.
   */
  public final void cancel() {
    abandoned = true;
    // gRPC cancels a call when its deadline passes: that it is late is the better reason
    boolean late = served.nanoTime() >= terms.deadlineNanos();
    if (!settle(late ? served.failureOf(Rejection.EXPIRED, this) : CANCELLED)) {
      skipTurn(); // it may still run, and its answer is not waited for
    }
  }

  /**
   * Answers a task that could not be queued for a reason that nobody has planned for. From any
   * thread.
   *
   * @return false if it was queued nevertheless and claimed, or has ended: then it is answered by
   *     whoever did that
   */
  final boolean refuse(Failure failure) {
    return settle(failure);
  }

  private boolean settle(Failure failure) {
    if (!STATE.compareAndSet(this, QUEUED, DONE)) {
      return false;
    }
    try {
      countOut();
      answerFailed(failure);
    } finally {
      release();
    }
    sink().flush();
    return true;
  }

  /** Called by the replica that claimed this task. Returns whether an answer was given. */
  final boolean succeed(OutputTensor[] outputs, int rowFrom) {
    end();
    if (abandoned) {
      served.statistics().failed(Failure.Kind.CANCELLED);
      skipTurn();
      return false;
    }
    try {
      if (inputs.cut().isNone()) {
        succeeded(outputs, rowFrom);
      } else {
        succeeded(inputs.cut().rows(outputs, rowFrom, rows()), 0);
      }
      if (turn == null) {
        depart();
      } else {
        served.answerInTurn(turn);
      }
      return true;
    } catch (InferException e) {
      answerFailed(e.failure());
    } catch (RuntimeException | OutOfMemoryError e) {
      // whatever kept the answer from being written, its caller is not to wait for it for ever
      answerFailed(new Failure(Failure.Kind.ENGINE, "the answer could not be written: " + e));
    }
    return false;
  }

  private void answerFailed(Failure failure) {
    served.statistics().failed(failure.kind());
    failed(failure);
    depart();
    skipTurn();
  }

  private void skipTurn() {
    if (turn != null) {
      served.skipTurn(turn);
    }
  }

  /** Called by the replica that claimed this task. */
  final void fail(Failure failure) {
    end();
    // gRPC cancels a call when its deadline passes: that it is late is the better reason
    boolean cancelled = abandoned && failure.kind() != Failure.Kind.EXPIRED;
    answerFailed(cancelled ? CANCELLED : failure);
  }

  /** Gives memory and lease back; only the first call after the end does anything. */
  final void release() {
    if (!STATE.compareAndSet(this, DONE, RELEASED)) {
      return;
    }
    try {
      released();
    } finally {
      served.release();
    }
  }

  private void end() {
    if (!STATE.compareAndSet(this, TAKEN, DONE)) {
      throw new IllegalStateException("task completed twice, or without being claimed");
    }
  }

  /** Whether this task was answered or dropped. */
  public final boolean isDone() {
    return state >= DONE;
  }
}
