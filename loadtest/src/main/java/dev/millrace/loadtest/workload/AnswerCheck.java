// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Decides whether an answer is right. Called on several event loops at once; must be quick. */
public interface AnswerCheck {
  /** Takes every answer with status OK for right. */
  AnswerCheck NONE = (variant, message) -> null;

  /** Takes the first answer to each variant for right, and later ones if they agree with it. */
  static AnswerCheck agreement(List<Variant> variants, double tolerance) {
    return new AgreementCheck(
        variants.stream().map(Variant::model).toList(), new TensorComparison(tolerance));
  }

  /**
   * Looks at one answer.
   *
   * @param variant index of the request's variant in its {@link Workload}
   * @param message a serialised ModelInferResponse, without gRPC's prefix; valid during the call
   * @return null if it is right, else what is wrong with it
   */
  @Nullable String problem(int variant, ByteBuf message);
}
