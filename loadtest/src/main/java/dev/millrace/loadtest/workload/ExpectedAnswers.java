// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import dev.millrace.loadtest.workload.AnswerDecoder.MalformedAnswerException;
import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Answers as the user expects them. Outputs that are not mentioned may be anything. Immutable. */
final class ExpectedAnswers implements AnswerCheck {
  /**
   * What is expected of one variant.
   *
   * @param model names it in messages
   */
  record Expected(String model, List<Tensor> outputs) {
    Expected {
      outputs = List.copyOf(outputs);
    }

    /** What is wrong with these outputs; null if nothing. */
    @Nullable String problem(List<Tensor> answer, TensorComparison comparison) {
      for (Tensor output : outputs) {
        Optional<Tensor> actual =
            answer.stream().filter(t -> t.name().equals(output.name())).findFirst();
        if (actual.isEmpty()) {
          return "model '%s': no output '%s' (the answer has %s)"
              .formatted(model, output.name(), answer.stream().map(Tensor::name).toList());
        }
        String difference = comparison.difference(output, actual.get());
        if (difference != null) {
          return "model '%s' output %s".formatted(model, difference);
        }
      }
      return null;
    }
  }

  private final List<Expected> byVariant;
  private final TensorComparison comparison;

  /**
   * Expects these.
   *
   * @param byVariant one for each variant of the workload, in its order
   */
  ExpectedAnswers(List<Expected> byVariant, TensorComparison comparison) {
    this.byVariant = List.copyOf(byVariant);
    this.comparison = comparison;
  }

  @Override
  public @Nullable String problem(int variant, ByteBuf message) {
    Expected expected = byVariant.get(variant);
    try {
      return expected.problem(AnswerDecoder.decode(message), comparison);
    } catch (MalformedAnswerException e) {
      return "model '%s': %s".formatted(expected.model(), e.getMessage());
    }
  }
}
