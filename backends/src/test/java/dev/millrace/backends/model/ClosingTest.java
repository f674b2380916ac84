// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ClosingTest {
  private final List<String> closed = new ArrayList<>();

  private Runnable failing(String message) {
    return () -> {
      throw new IllegalStateException(message);
    };
  }

  @Test
  void allAreClosedAndTheFirstFailureIsThrownWithTheOthers() {
    List<Runnable> steps =
        List.of(failing("first"), () -> closed.add("a"), failing("second"), () -> closed.add("b"));

    assertThatThrownBy(() -> Closing.all(steps))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("first")
        .satisfies(
            e ->
                assertThat(e.getSuppressed()).extracting(Throwable::getMessage).contains("second"));
    assertThat(closed).containsExactly("a", "b");
  }

  @Test
  void nothingIsThrownIfNothingFails() {
    Closing.all(List.of(() -> closed.add("a"), () -> closed.add("b")));
    assertThat(closed).containsExactly("a", "b");
  }

  @Test
  void aFailureBeforeIsNotLostByOneOfClosing() {
    Exception before = new Exception("load");

    assertThat(Closing.after(before, failing("close"))).isSameAs(before);

    assertThat(before.getSuppressed()).extracting(Throwable::getMessage).containsExactly("close");
  }
}
