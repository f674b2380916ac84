// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;
import dev.millrace.proto.inference.ModelInferResponse;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Who calls a deployment of {@link AddedNumber} all the time, whatever becomes of it. */
final class Applications implements AutoCloseable {
  private static final long GAP_MILLIS = 5;

  private final TestGateway gateway;
  private final String deployment;
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final AtomicLong answered = new AtomicLong();
  private final Set<Long> versions = new ConcurrentSkipListSet<>();
  private final List<Throwable> failures = new CopyOnWriteArrayList<>();
  private boolean begun;

  Applications(TestGateway gateway, String deployment) {
    this.gateway = gateway;
    this.deployment = deployment;
  }

  /** Begins to send; again is harmless. */
  void begin() {
    if (!begun) {
      begun = true;
      timer.scheduleAtFixedRate(this::send, 0, GAP_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void send() {
    Futures.addCallback(
        gateway.futureStub().modelInfer(Tensor.request(deployment, Tensor.rows(1, 1)).build()),
        new FutureCallback<>() {
          @Override
          public void onSuccess(ModelInferResponse response) {
            try {
              versions.add(AddedNumber.answering(response));
              answered.incrementAndGet();
            } catch (AssertionError e) {
              failures.add(e);
            }
          }

          @Override
          public void onFailure(Throwable failure) {
            failures.add(failure);
          }
        },
        MoreExecutors.directExecutor());
  }

  /** All requests so far have been answered, rightly. */
  void requireAnswered() {
    assertThat(failures).isEmpty();
    assertThat(answered).hasPositiveValue();
  }

  /** Those that have answered, ascending. */
  Set<Long> versions() {
    return versions;
  }

  /** Sends nothing more. */
  @Override
  public void close() {
    timer.shutdownNow();
  }
}
