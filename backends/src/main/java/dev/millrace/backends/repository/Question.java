// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One question to several repositories at once, each on a thread of its own. Once one has found the
 * model, those that are silent are waited for only a moment longer.
 */
record Question(String model, VersionSelector selector) {

  /** Long for a registry that answers, and nobody notices it when one does not. */
  static final Duration MOMENT = Duration.ofSeconds(1);

  /** What a repository answers. */
  sealed interface Answer {

    /** It has it. */
    record Found(ModelRepository repository, ModelEntry entry) implements Answer {}

    /** It does not have it. */
    record Unknown(UnknownVersionException failure) implements Answer {}

    /** It cannot be read. */
    record Failed(IOException failure) implements Answer {}

    /** It is broken in a way that nobody has thought of. */
    record Broken(Throwable cause) implements Answer {}
  }

  /** Their answers, as they come; without those of who is silent. */
  List<Answer> ask(List<ModelRepository> repositories) throws IOException {
    BlockingQueue<Answer> coming = new LinkedBlockingQueue<>();
    List<Thread> asking = new ArrayList<>();
    for (ModelRepository repository : repositories) {
      asking.add(
          Thread.ofVirtual().name("resolve-" + model).start(() -> coming.add(answer(repository))));
    }
    try {
      return collect(coming, repositories.size());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    } finally {
      asking.forEach(Thread::interrupt); // whose answer nobody waits for any more
    }
  }

  private Answer answer(ModelRepository repository) {
    try {
      return new Answer.Found(repository, repository.resolve(model, selector));
    } catch (UnknownVersionException e) {
      return new Answer.Unknown(e);
    } catch (IOException e) {
      return new Answer.Failed(e);
    } catch (RuntimeException | Error e) {
      return new Answer.Broken(e);
    }
  }

  private static List<Answer> collect(BlockingQueue<Answer> coming, int all)
      throws InterruptedException {
    List<Answer> answers = new ArrayList<>();
    boolean isFound = false;
    while (answers.size() < all) {
      @Nullable Answer next =
          isFound ? coming.poll(MOMENT.toNanos(), TimeUnit.NANOSECONDS) : coming.take();
      if (next == null) {
        return answers;
      }
      isFound |= next instanceof Answer.Found;
      answers.add(next);
    }
    return answers;
  }
}
