// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.process;

import dev.millrace.loadtest.baseline.OrtRun;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.util.Optional;

/** Bare ONNX Runtime in a process of its own, which measures when it is asked and else sleeps. */
public final class OrtProcess implements AutoCloseable {
  private final Child child;
  private final BufferedWriter questions;
  private final BufferedReader answers;

  OrtProcess(Child child) {
    this.child = child;
    this.questions = child.process().outputWriter();
    this.answers = child.process().inputReader();
  }

  /**
   * Runs batches of that size for a while.
   *
   * @param length of open axes other than the first; 1 where there are none
   * @param millis in all, a third of which is warm-up
   * @throws IOException if the process ends
   */
  public OrtRun measure(int rows, int length, long millis) throws IOException {
    Optional<String> answer = ask("%d %d %d%n".formatted(rows, length, millis));
    if (answer.isEmpty()) {
      throw child.failure("ended");
    }
    return OrtRun.parse(answer.get());
  }

  private Optional<String> ask(String question) {
    try {
      questions.write(question);
      questions.flush();
      return Optional.ofNullable(answers.readLine());
    } catch (IOException e) {
      // it has ended, and says more about it than a closed pipe
      return Optional.empty();
    }
  }

  @Override
  public void close() {
    child.close();
  }
}
