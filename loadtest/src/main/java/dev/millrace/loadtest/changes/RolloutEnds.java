// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.changes;

import dev.millrace.admin.client.AdminClient;
import dev.millrace.admin.client.EventCursor;
import dev.millrace.backends.threads.Niceness;
import dev.millrace.proto.admin.v1.Event;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The ends of a deployment's rollouts, as the gateway tells them: nobody has to ask meanwhile. */
final class RolloutEnds implements AutoCloseable {
  private static final Set<String> ENDS = Set.of("rollout-done", "rolled-back", "rollout-failed");

  private final EventCursor events;
  private final BlockingQueue<Event> ends = new LinkedBlockingQueue<>();
  private final Thread reader;

  RolloutEnds(AdminClient admin, String deployment) {
    events = admin.followEvents(deployment);
    reader = Thread.ofPlatform().name("events").daemon().unstarted(Niceness.givingWay(this::read));
    reader.start();
  }

  private void read() {
    while (events.hasNext()) {
      Event event = events.next();
      if (ENDS.contains(event.getKind())) {
        ends.add(event);
      }
    }
  }

  /** The next one to that version. */
  Event await(long version, long seconds) throws IOException, InterruptedException {
    while (true) {
      @Nullable Event event = ends.poll(seconds, TimeUnit.SECONDS);
      if (event == null) {
        throw new IOException(
            "version %d: no end of its rollout within %d s".formatted(version, seconds));
      }
      if (event.getNewValue().equals(Long.toString(version))) {
        return event;
      }
    }
  }

  @Override
  public void close() {
    events.close();
    reader.interrupt();
  }
}
