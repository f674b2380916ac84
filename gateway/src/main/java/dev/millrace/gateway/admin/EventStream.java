// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.google.protobuf.util.Timestamps;
import dev.millrace.backends.deployment.Event;
import dev.millrace.backends.deployment.EventLog;
import dev.millrace.proto.admin.v1.WatchEventsRequest;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.atomic.AtomicInteger;

/** The log of changes, for those who follow it. */
final class EventStream {
  /** What a reader that does not read may cost. */
  private static final int MOST_UNREAD = 10_000;

  private final EventLog events;

  EventStream(EventLog events) {
    this.events = events;
  }

  /** Sends the events that are kept and, if that is asked for, those to come. */
  void watch(
      WatchEventsRequest request, StreamObserver<dev.millrace.proto.admin.v1.Event> observer) {
    if (!request.getFollow()) {
      events.kept().stream()
          .filter(event -> isMeant(request, event))
          .map(EventStream::message)
          .forEach(observer::onNext);
      observer.onCompleted();
      return;
    }
    var stream = (ServerCallStreamObserver<dev.millrace.proto.admin.v1.Event>) observer;
    AtomicInteger unread = new AtomicInteger();
    Runnable end =
        events.follow(
            event -> {
              if (!isMeant(request, event) || stream.isCancelled()) {
                return;
              }
              int waiting = stream.isReady() ? 0 : unread.get() + 1;
              unread.set(waiting);
              if (waiting < MOST_UNREAD) {
                stream.onNext(message(event));
              } else if (waiting == MOST_UNREAD) {
                stream.onError(
                    Status.RESOURCE_EXHAUSTED
                        .withDescription(MOST_UNREAD + " events were not read")
                        .asRuntimeException());
              }
            });
    stream.setOnCancelHandler(end);
    stream.setOnCloseHandler(end);
  }

  static boolean isMeant(WatchEventsRequest request, Event event) {
    return request.getSubject().isEmpty() || request.getSubject().equals(event.subject());
  }

  static dev.millrace.proto.admin.v1.Event message(Event event) {
    return dev.millrace.proto.admin.v1.Event.newBuilder()
        .setNumber(event.number())
        .setTime(Timestamps.fromMillis(event.time().toEpochMilli()))
        .setActor(event.actor())
        .setSubject(event.subject())
        .setKind(event.kind().toString())
        .setOldValue(event.before())
        .setNewValue(event.after())
        .setFailure(event.failure())
        .build();
  }
}
