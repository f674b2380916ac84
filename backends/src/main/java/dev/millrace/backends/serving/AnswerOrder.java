// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the answers of a served version leave in the order in which their requests came. An answer
 * that is ready waits for those before it; a request that fails, is refused or cancelled is waited
 * for no longer from that moment on, and its failure waits for nobody.
 *
 * <p>Any thread. One at a time sends what is due, outside of the lock: to send may mean to write to
 * a connection.
 */
final class AnswerOrder {
  private static final Logger log = LoggerFactory.getLogger(AnswerOrder.class);

  private enum Place {
    WAITING,
    READY,
    GONE
  }

  /** A request's place in the order. */
  static final class Turn {
    private final InferTask task;
    private Place place = Place.WAITING;

    private Turn(InferTask task) {
      this.task = task;
    }
  }

  // guarded by this
  private final ArrayDeque<Turn> turns = new ArrayDeque<>();
  private boolean sending;

  /** A request has come; it is behind all that are here. */
  synchronized Turn enter(InferTask task) {
    Turn turn = new Turn(task);
    turns.addLast(turn);
    return turn;
  }

  /** The answer is ready: it is sent when its turn has come, by this call or another. */
  void ready(Turn turn) {
    end(turn, Place.READY);
  }

  /** There will be no answer in this place. Again, or after {@link #ready}: nothing happens. */
  void skip(Turn turn) {
    end(turn, Place.GONE);
  }

  private void end(Turn turn, Place place) {
    synchronized (this) {
      if (turn.place != Place.WAITING) {
        return;
      }
      turn.place = place;
      if (sending) {
        return;
      }
      sending = true;
    }
    for (Turn next = nextDue(); next != null; next = nextDue()) {
      if (next.place == Place.READY) {
        send(next.task);
      }
    }
  }

  private synchronized @Nullable Turn nextDue() {
    Turn first = turns.peekFirst();
    if (first == null || first.place == Place.WAITING) {
      sending = false;
      return null;
    }
    return turns.pollFirst();
  }

  private static void send(InferTask task) {
    try {
      task.depart();
      task.sink().flush();
    } catch (RuntimeException | Error e) {
      log.error("an answer did not leave", e); // those behind it can
    }
  }
}
