// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import dev.millrace.loadtest.workload.AnswerDecoder.MalformedAnswerException;
import dev.millrace.loadtest.workload.ExpectedAnswers.Expected;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** Takes the first answer of each variant for right, and the later ones if they agree with it. */
final class AgreementCheck implements AnswerCheck {
  private final List<String> models;
  private final TensorComparison comparison;
  private final AtomicReferenceArray<@Nullable Expected> first;

  /**
   * Waits for first answers.
   *
   * @param models of the variants, in their order; for messages
   */
  AgreementCheck(List<String> models, TensorComparison comparison) {
    this.models = List.copyOf(models);
    this.comparison = comparison;
    this.first = new AtomicReferenceArray<>(models.size());
  }

  @Override
  public @Nullable String problem(int variant, ByteBuf message) {
    List<Tensor> answer;
    try {
      answer = AnswerDecoder.decode(message);
    } catch (MalformedAnswerException e) {
      return "model '%s': %s".formatted(models.get(variant), e.getMessage());
    }
    Expected expected = first.get(variant);
    if (expected == null) {
      Expected candidate = new Expected(models.get(variant), answer);
      expected = first.compareAndExchange(variant, null, candidate);
      if (expected == null) {
        return null;
      }
    }
    if (expected.outputs().size() != answer.size()) {
      return "model '%s': %d outputs (expected %d, as in the first answer)"
          .formatted(models.get(variant), answer.size(), expected.outputs().size());
    }
    return expected.problem(answer, comparison);
  }
}
