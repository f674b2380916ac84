// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.proto.inference.ModelInferRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Asks one model of a gateway for its held-back rows: for the answers, then for the time they take.
 * The rates are what this one client sees beside the gateway on the same machine, in a closed loop;
 * they are a first impression, no benchmark.
 */
final class DemoTrial {
  /** Requests in flight in the concurrent part: enough to see batches form. */
  static final int CONCURRENCY = 32;

  /** How long each timed part runs. */
  record Durations(Duration warmUp, Duration oneByOne, Duration concurrent) {
    static final Durations USUAL =
        new Durations(Duration.ofMillis(500), Duration.ofSeconds(1), Duration.ofSeconds(2));
  }

  /** What came out; times in nanoseconds. */
  record Result(
      Holdout holdout,
      List<Prediction> predictions,
      int correct,
      long p50Nanos,
      long p99Nanos,
      double rowsPerSecond) {

    double accuracy() {
      return (double) correct / predictions.size();
    }

    boolean isAsTrained() {
      return correct == holdout.expectedCorrect();
    }
  }

  private final InferenceClient client;
  private final Durations durations;

  DemoTrial(InferenceClient client, Durations durations) {
    this.client = client;
    this.durations = durations;
  }

  Result run(Holdout holdout) throws InterruptedException {
    List<ModelInferRequest> requests = holdout.requests();
    List<Prediction> predictions = new ArrayList<>();
    int correct = 0;
    for (int i = 0; i < requests.size(); i++) {
      InferAnswer answer = InferAnswer.of(client.call().modelInfer(requests.get(i)));
      Prediction prediction = Prediction.of(holdout, answer);
      predictions.add(prediction);
      correct += prediction.classIndex() == holdout.labels().get(i) ? 1 : 0;
    }
    oneByOne(requests, durations.warmUp());
    long[] nanos = oneByOne(requests, durations.oneByOne());
    Arrays.sort(nanos);
    return new Result(
        holdout,
        List.copyOf(predictions),
        correct,
        percentile(nanos, 0.50),
        percentile(nanos, 0.99),
        rowsPerSecond(requests));
  }

  /** Times of single requests, at least one. */
  private long[] oneByOne(List<ModelInferRequest> requests, Duration duration) {
    List<Long> nanos = new ArrayList<>();
    long end = System.nanoTime() + duration.toNanos();
    long before;
    do {
      before = System.nanoTime();
      client.call().modelInfer(requests.get(nanos.size() % requests.size()));
      nanos.add(System.nanoTime() - before);
    } while (before < end);
    return nanos.stream().mapToLong(Long::longValue).toArray();
  }

  static long percentile(long[] sorted, double share) {
    return sorted[(int) Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
  }

  private double rowsPerSecond(List<ModelInferRequest> requests) throws InterruptedException {
    long start = System.nanoTime();
    long end = start + durations.concurrent().toNanos();
    List<Future<Long>> counts = new ArrayList<>();
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int caller = 0; caller < CONCURRENCY; caller++) {
        int first = caller;
        counts.add(callers.submit(() -> callUntil(end, requests, first)));
      }
      long rows = 0;
      for (Future<Long> count : counts) {
        rows += count.get();
      }
      return rows * 1e9 / (System.nanoTime() - start);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e);
    }
  }

  private long callUntil(long end, List<ModelInferRequest> requests, int first) {
    long rows = 0;
    while (System.nanoTime() - end < 0) {
      client.call().modelInfer(requests.get((int) ((first + rows) % requests.size())));
      rows++;
    }
    return rows;
  }
}
