// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The last changes, for whoever asks later, and for those who listen. Any thread. */
public final class EventLog {
  private static final Logger log = LoggerFactory.getLogger(EventLog.class);

  /** Of a change each minute, those of a working day. */
  private static final int KEPT = 1000;

  private final InstantSource clock;
  private final Object lock = new Object();
  private final List<Consumer<Event>> listeners = new CopyOnWriteArrayList<>();

  // guarded by lock
  private final Deque<Event> events = new ArrayDeque<>();
  private long count;

  public EventLog(InstantSource clock) {
    this.clock = clock;
  }

  /** Something was changed. */
  public void add(String actor, String subject, Event.Kind kind, String before, String after) {
    add(actor, subject, kind, before, after, "");
  }

  /** Something was to be changed; if {@code failure} is not empty, it was not. */
  public void add(
      String actor, String subject, Event.Kind kind, String before, String after, String failure) {
    synchronized (lock) {
      Event event =
          new Event(++count, clock.instant(), actor, subject, kind, before, after, failure);
      events.addLast(event);
      if (events.size() > KEPT) {
        events.removeFirst();
      }
      // in the lock: listeners see events in their order
      listeners.forEach(listener -> listener.accept(event));
    }
    log.info(
        "{} {}: {}{}, by {}",
        kind,
        subject,
        before.isEmpty() ? after : before + " → " + after,
        failure.isEmpty() ? "" : " (" + failure + ")",
        actor);
  }

  /**
   * The events that are kept, and from here on each new one, in order and without a gap.
   *
   * @param listener called on the thread of the change: it must neither block nor throw
   * @return ends it
   */
  public Runnable follow(Consumer<Event> listener) {
    synchronized (lock) {
      events.forEach(listener);
      listeners.add(listener);
    }
    return () -> listeners.remove(listener);
  }

  /** The events that are kept, oldest first. */
  public List<Event> kept() {
    synchronized (lock) {
      return new ArrayList<>(events);
    }
  }
}
