// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import dev.millrace.backends.repository.ListedFile;
import dev.millrace.backends.repository.UnknownVersionException;
import dev.millrace.backends.repository.VersionSelector;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A registry that nobody waits for longer than a bounded while. Any thread.
 *
 * <p>Each question is asked by a thread of its own. When it takes longer than anybody waits, it
 * goes on, and who asks the same again is given the answer: a registry that is slow is late, not
 * useless. One that fails, or does not answer in time, is left alone for a while, a longer one each
 * time, in which every question fails at once with the reason; then one question tries it.
 */
final class PatientSource implements RemoteSource {
  private static final Logger log = LoggerFactory.getLogger(PatientSource.class);

  /** In place of a model and which version of it. */
  private static final String LIST = "";

  private final RemoteSource source;
  private final Patience patience;
  private final LongSupplier nanoClock;

  // guarded by this
  private final Map<String, Call<?>> calls = new HashMap<>();
  private IOException failure = new IOException();
  private long pauseNanos;
  private long failedNanos;
  private long nextTryNanos;

  /** A question that is being asked, or was answered late. */
  private static final class Call<T> {
    final CompletableFuture<T> answer = new CompletableFuture<>();
    final Thread thread;
    final long beganNanos;
    long endedNanos;

    /** What it is late with, once nobody waits for it any more. */
    Optional<IOException> lateness = Optional.empty();

    /** Whether the registry is left alone because of it. */
    boolean isCounted;

    Call(long beganNanos, String name, Consumer<Call<T>> asking) {
      this.beganNanos = beganNanos;
      this.thread = Thread.ofVirtual().name(name).unstarted(() -> asking.accept(this));
    }
  }

  PatientSource(RemoteSource source, Patience patience, LongSupplier nanoClock) {
    this.source = source;
    this.patience = patience;
    this.nanoClock = nanoClock;
  }

  @Override
  public String location() {
    return source.location();
  }

  @Override
  public List<RemoteModel> list() throws IOException {
    return ask(LIST, patience.list(), source::list);
  }

  @Override
  public Found find(String model, VersionSelector selector) throws IOException {
    return ask(model + "/" + selector, patience.find(), () -> source.find(model, selector));
  }

  private <T> T ask(String key, Duration wait, Callable<T> question) throws IOException {
    Call<T> call = begin(key, question);
    try {
      T answer = call.answer.get(wait.toNanos(), TimeUnit.NANOSECONDS);
      forget(key, call);
      return answer;
    } catch (TimeoutException e) {
      throw late(call, key, wait);
    } catch (ExecutionException e) {
      forget(key, call);
      throw thrown(e);
    } catch (InterruptedException e) {
      throw NamedLocks.interrupted(); // others may wait for the same
    }
  }

  // one key is always asked the same kind of question
  @SuppressWarnings("unchecked")
  private synchronized <T> Call<T> begin(String key, Callable<T> question) throws IOException {
    long now = nanoClock.getAsLong();
    calls
        .values()
        .removeIf(
            call -> call.answer.isDone() && now - call.endedNanos > patience.keep().toNanos());
    Call<T> before = (Call<T>) calls.get(key);
    if (before != null && (before.answer.isDone() || before.lateness.isEmpty())) {
      return before;
    }
    if (before != null) {
      if (now - before.beganNanos < patience.longest().toNanos()) {
        throw said(before.lateness.get());
      }
      before.thread.interrupt(); // it may never end, and is in the way of a new one
    }
    if (pauseNanos > 0 && now - nextTryNanos < 0) {
      throw said(failure);
    }
    nextTryNanos = now + pauseNanos; // others are told what is known while this one tries
    Call<T> call =
        new Call<>(now, "ask-" + source.location(), asking -> answer(asking, key, question));
    calls.put(key, call);
    call.thread.start();
    return call;
  }

  /** The same, thrown anew: another thread's trace would mislead. */
  private static IOException said(IOException before) {
    return new IOException(before.getMessage(), before);
  }

  private <T> void answer(Call<T> call, String key, Callable<T> question) {
    try {
      T answer = question.call();
      ended(call);
      succeeded();
      call.answer.complete(answer);
    } catch (Throwable e) { // it is thrown where the answer is awaited
      ended(call);
      if (!Thread.currentThread().isInterrupted()) { // else it was us who ended it
        judge(call, key, e);
      }
      call.answer.completeExceptionally(e);
    }
  }

  /** Whether the registry failed, or only said that a certain model cannot be had. */
  private void judge(Call<?> call, String key, Throwable e) {
    boolean isAnswer =
        e instanceof UnknownVersionException
            || (!key.equals(LIST) && !source.statistics().isUnreachable());
    if (e instanceof IOException failed && !isAnswer) {
      failed(call, failed);
    } else {
      succeeded();
    }
  }

  private synchronized void ended(Call<?> call) {
    call.endedNanos = nanoClock.getAsLong();
  }

  private synchronized void forget(String key, Call<?> call) {
    calls.remove(key, call);
  }

  /** A listing may be late for its size: it alone is not waited for again. */
  private IOException late(Call<?> call, String key, Duration wait) {
    IOException late =
        new IOException("%s: no answer within %d ms".formatted(source.location(), wait.toMillis()));
    synchronized (this) {
      if (call.lateness.isEmpty() && !call.answer.isDone()) {
        call.lateness = Optional.of(late);
        if (!key.equals(LIST)) {
          source.statistics().notReached();
          failed(call, late);
        }
      }
    }
    return late;
  }

  private synchronized void failed(Call<?> call, IOException e) {
    boolean isKnown = pauseNanos > 0 && call.beganNanos - failedNanos < 0;
    if (call.isCounted || isKnown) {
      return; // of the same failure, which counts once
    }
    call.isCounted = true;
    if (pauseNanos == 0) {
      log.warn(
          "{}: {} is left alone for a while, a longer one each time, up to {} s, and what is known"
              + " of it stays",
          e.getMessage(),
          source.location(),
          patience.longestPause().toSeconds());
    }
    long now = nanoClock.getAsLong();
    failure = e;
    failedNanos = now;
    pauseNanos = patience.pauseAfterNanos(pauseNanos);
    nextTryNanos = now + pauseNanos;
    source.statistics().leftAlone(nextTryNanos);
  }

  private synchronized void succeeded() {
    if (pauseNanos > 0) {
      log.info("{} answers again", source.location());
      pauseNanos = 0;
      source.statistics().recovered();
    }
  }

  private static IOException thrown(ExecutionException failed) {
    Throwable cause = failed.getCause();
    return switch (cause == null ? failed : cause) {
      case IOException e -> e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> new IOException(failed);
    };
  }

  @Override
  public InputStream open(String model, ListedFile file, long offset) throws IOException {
    return source.open(model, file, offset);
  }

  @Override
  public RemoteStatistics statistics() {
    return source.statistics();
  }

  /** Questions that are being asked are not waited for. */
  @Override
  public void close() {
    synchronized (this) {
      calls.values().forEach(call -> call.thread.interrupt());
    }
    source.close();
  }
}
