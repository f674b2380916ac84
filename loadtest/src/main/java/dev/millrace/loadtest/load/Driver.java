// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import dev.millrace.loadtest.load.LoadShape.ClosedLoop;
import dev.millrace.loadtest.load.LoadShape.OpenLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Puts load on a server through a {@link LoadGenerator}, in windows of a second: looks at each, and
 * at whether the user wants to end.
 */
public final class Driver implements LoadedServer {
  // how late the end of a schedule may be noticed
  private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  // as a part of a whole one: what is left after the last window is rather left out
  private static final long SHORTEST_WINDOW = 10;

  /** Begins to send, as {@link LoadGenerator#start} does. */
  public interface Starter {
    LoadGenerator.Run start(LoadShape shape) throws InterruptedException;
  }

  private final Starter starter;
  private final Runnable onClose;
  private final long windowNanos;
  private final Stop stop;
  private final Observer observer;

  Driver(Starter starter, Runnable onClose, long windowNanos, Stop stop, Observer observer) {
    this.starter = starter;
    this.onClose = onClose;
    this.windowNanos = windowNanos;
    this.stop = stop;
    this.observer = observer;
  }

  /** A driver that owns the generator. */
  public static Driver of(LoadGenerator generator, Stop stop, Observer observer) {
    return new Driver(
        generator::start, generator::close, TimeUnit.SECONDS.toNanos(1), stop, observer);
  }

  @Override
  public void warmUp(LoadShape shape, WarmUp warmUp) throws InterruptedException {
    switch (warmUp) {
      case WarmUp.For fixed -> {
        if (fixed.nanos() > 0) {
          stretch(shape, fixed.nanos(), windowNanos, (before, last) -> false);
        }
      }
      case WarmUp.UntilStable until ->
          stretch(shape, until.maxNanos(), until.windowNanos(), until::isStable);
    }
  }

  @Override
  public Observation measure(LoadShape shape, long nanos) throws InterruptedException {
    return stretch(shape, nanos, windowNanos, (before, last) -> false);
  }

  private interface Enough {
    boolean isEnough(Measurement before, Measurement last);
  }

  private Observation stretch(LoadShape shape, long nanos, long windowNanos, Enough enough)
      throws InterruptedException {
    List<Window> windows = new ArrayList<>();
    LoadGenerator.Run run = starter.start(shape);
    Measurement total;
    try {
      boolean ended = await(shape, run, Math.min(windowNanos, nanos));
      Measurement last = run.sample();
      total = last;
      look(total, last, windows);
      while (!ended && leftNanos(nanos, total) > windowNanos / SHORTEST_WINDOW) {
        ended = await(shape, run, Math.min(windowNanos, leftNanos(nanos, total)));
        Measurement part = run.sample();
        ended |= enough.isEnough(last, part);
        last = part;
        // summed at once: histograms of every second of a long run would fill the heap
        total = Measurements.sum(List.of(total, part));
        look(total, part, windows);
      }
    } finally {
      run.stop();
    }
    return new Observation(
        switch (shape) {
          // what is open at the end makes up for what was not yet answered at the start
          case ClosedLoop closed -> total;
          case OpenLoop open -> Measurements.withLateAnswers(total, run.sample());
        },
        windows);
  }

  private static long leftNanos(long nanos, Measurement total) {
    return nanos - (long) (total.seconds() * 1e9);
  }

  private void look(Measurement total, Measurement part, List<Window> windows) {
    windows.add(Window.of(total.seconds(), part));
    observer.window(total.seconds(), part);
  }

  /** Waits until a window has passed, or the load has ended; returns whether it has. */
  private boolean await(LoadShape shape, LoadGenerator.Run run, long nanos)
      throws InterruptedException {
    for (long left = nanos; left > 0; left -= POLL_NANOS) {
      if (hasEnded(shape, run) || stop.await(Math.min(left, POLL_NANOS))) {
        return true;
      }
    }
    return hasEnded(shape, run) || stop.isAsked();
  }

  // a closed loop has no end, but nothing open either while all of its connections are broken
  private static boolean hasEnded(LoadShape shape, LoadGenerator.Run run)
      throws InterruptedException {
    return switch (shape) {
      case ClosedLoop closed -> false;
      case OpenLoop open -> run.isDone();
    };
  }

  @Override
  public void close() {
    onClose.run();
  }
}
