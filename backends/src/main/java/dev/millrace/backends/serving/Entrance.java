// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.repository.Scheduling;
import dev.millrace.batching.Rejection;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a model's configuration asks of requests before they are queued: that no more than so many
 * of a priority wait, and that answers leave in the order in which requests came. Any thread.
 */
final class Entrance {
  private final LevelQuotas quotas;
  private final @Nullable AnswerOrder order;

  Entrance(Scheduling scheduling) {
    this.quotas = LevelQuotas.of(scheduling);
    this.order = scheduling.batching().preserveOrdering() ? new AnswerOrder() : null;
  }

  /** Counts a task in and gives it its turn, or says why it is not to be queued. */
  @Nullable Rejection enter(InferTask task) {
    if (quotas.isLimited(task.priority())) {
      if (!quotas.tryEnter(task.priority())) {
        return Rejection.QUEUE_REQUESTS;
      }
      task.counted();
    }
    if (order != null) {
      task.inTurn(order.enter(task));
    }
    return null;
  }

  void countOut(int priority) {
    quotas.leave(priority);
  }

  void answerInTurn(AnswerOrder.Turn turn) {
    Objects.requireNonNull(order).ready(turn);
  }

  void skipTurn(AnswerOrder.Turn turn) {
    Objects.requireNonNull(order).skip(turn);
  }
}
