// SPDX-License-Identifier: Apache-2.0
package dev.millrace.admin.client;

import dev.millrace.proto.admin.v1.Event;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import java.util.Iterator;
import java.util.function.Supplier;

/**
 * Events, oldest first. For one thread; another may {@link #close} it, which ends it for a reader
 * that waits for the next one too.
 */
public final class EventCursor implements Iterator<Event>, AutoCloseable {
  private final Context.CancellableContext call = Context.ROOT.withCancellation();
  private final Iterator<Event> events;

  /**
   * @param begin makes the call, in the context that it is given
   */
  EventCursor(Supplier<Iterator<Event>> begin) {
    Context before = call.attach();
    try {
      events = begin.get();
    } finally {
      call.detach(before);
    }
  }

  @Override
  public boolean hasNext() {
    try {
      return events.hasNext();
    } catch (StatusRuntimeException e) {
      if (call.isCancelled()) {
        return false;
      }
      throw AdminException.of(e);
    }
  }

  @Override
  public Event next() {
    return events.next();
  }

  @Override
  public void close() {
    call.cancel(null);
  }
}
