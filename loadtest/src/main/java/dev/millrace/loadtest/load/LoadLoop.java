// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import dev.millrace.loadtest.wire.Call;
import dev.millrace.loadtest.wire.Connection;
import dev.millrace.loadtest.wire.RequestFrames;
import dev.millrace.loadtest.workload.Workload;
import io.grpc.Status;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** The part of a load generator that lives on one event loop. All of it runs there. */
final class LoadLoop implements Connection.Listener {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  /** Nearer moments are waited for by looking again and again: timers are not that exact. */
  private static final long SPIN_NANOS = 30_000;

  private static final long EXPIRY_TICK_MICROS = 500;

  private final EventLoop loop;
  private final LoadOptions options;
  private final Workload workload;
  private final RequestFrames[] requests;

  /** Of each variant; 0 for none. */
  private final long[] deadlines;

  private final int index;
  private final int loops;
  private final Connections connections;
  private final Mix mix;
  private int open;
  private int untilCheck;
  private Recorder recorder;

  private @Nullable LoadShape shape;
  private @Nullable ArrivalSchedule schedule;
  private long startNanos;
  private long nextDueNanos;
  private int maxOpen;
  private boolean pumping;

  /** What is due cannot be sent until an answer, or a connection, has come. */
  private boolean isBlocked;

  /** What was still to come of a schedule when the run ended, if it was blocked then. */
  private @Nullable ArrivalSchedule unsent;

  private String whyUnsent = "";
  private long endNanos;

  LoadLoop(
      EventLoop loop,
      Bootstrap bootstrap,
      LoadOptions options,
      Workload workload,
      RequestFrames[] requests,
      int index,
      int loops) {
    this.loop = loop;
    this.options = options;
    this.workload = workload;
    this.requests = requests;
    this.index = index;
    this.loops = loops;
    this.deadlines =
        workload.variants().stream()
            .mapToLong(v -> v.deadlineNanos() > 0 ? v.deadlineNanos() : options.deadlineNanos())
            .toArray();
    this.connections = new Connections(loop, bootstrap, options, deadlines, this, this::pumpNow);
    this.mix = new Mix(workload, index * requests.length / loops, options.seed() + index);
    this.recorder = new Recorder(requests.length, System.nanoTime(), 0);
    if (LongStream.of(deadlines).anyMatch(nanos -> nanos > 0)) {
      loop.scheduleAtFixedRate(
          this::expire, EXPIRY_TICK_MICROS, EXPIRY_TICK_MICROS, TimeUnit.MICROSECONDS);
    }
  }

  EventLoop loop() {
    return loop;
  }

  /** Opens a connection; the future tells of the socket. From any thread. */
  ChannelFuture connect() {
    return connections.open();
  }

  /** How many connections may be used. */
  int readyConnections() {
    return connections.size();
  }

  void begin(LoadShape shape, long startNanos) {
    this.shape = shape;
    this.startNanos = startNanos;
    unsent = null;
    beginRecorder();
    switch (shape) {
      case LoadShape.ClosedLoop closed ->
          connections.forEach(connection -> fill(connection, closed.inFlight()));
      case LoadShape.OpenLoop openLoop -> {
        maxOpen = Math.max(1, openLoop.maxInFlight() / loops);
        schedule = ArrivalSpec.everyNth(openLoop.schedule().apply(options.seed()), index, loops);
        nextDue();
        pump();
      }
    }
  }

  private void fill(Connection connection, int inFlight) {
    long now = System.nanoTime();
    while (connection.canSend() && connection.openCalls() < inFlight) {
      send(connection, now, now);
    }
    connection.flush();
  }

  /** Sends nothing more. */
  void end() {
    if (schedule != null && isBlocked) {
      unsent = schedule;
      whyUnsent =
          connections.size() == 0
              ? "not sent: no connection to the server"
              : "not sent: %,d requests were open already".formatted(open);
      endNanos = System.nanoTime();
    }
    shape = null;
    schedule = null;
  }

  boolean isIdle() {
    return open == 0 && schedule == null;
  }

  /** Gives up what is still open, and what was due before the end and could not be sent. */
  void abandon() {
    String reason =
        "no answer within %d s of the end".formatted(LoadGenerator.LAST_ANSWERS_SECONDS);
    connections.forEach(connection -> connection.abandon(reason));
    while (unsent != null && nextDueNanos <= endNanos) {
      refuse(whyUnsent, endNanos);
      advance(unsent);
    }
    unsent = null;
  }

  void close() {
    end();
    connections.close();
  }

  /** What happened since this was asked last. */
  Recorder swapRecorder() {
    Recorder full = recorder;
    beginRecorder();
    full.endNanos = recorder.beginNanos;
    full.endCpuNanos = recorder.beginCpuNanos;
    return full;
  }

  private void beginRecorder() {
    recorder = new Recorder(requests.length, System.nanoTime(), THREADS.getCurrentThreadCpuTime());
  }

  private void send(Connection connection, long intendedNanos, long nowNanos) {
    int variant = mix.next();
    boolean check = false;
    if (options.checkEvery() > 0 && --untilCheck <= 0) {
      untilCheck = options.checkEvery();
      check = true;
    }
    recorder.sent(variant);
    open++;
    connection.send(requests[variant], variant, intendedNanos, nowNanos, check);
  }

  /** Open loop: sends what is due, then waits for what is due next. */
  private void pump() {
    pumping = false;
    isBlocked = false;
    long now = System.nanoTime();
    while (schedule != null && nextDueNanos <= now && !isBlocked) {
      Connection connection = open < maxOpen ? connections.pick() : null;
      if (connection != null) {
        recorder.late(now - nextDueNanos);
        send(connection, nextDueNanos, now);
        nextDue();
      } else if (connections.lost().isPresent()) {
        refuse(connections.lost().get(), now);
        nextDue();
      } else {
        isBlocked = true;
      }
    }
    connections.flush();
    if (schedule != null && !isBlocked) {
      pumpAt(nextDueNanos - now);
    }
  }

  /** Counts the request that is due as one that failed. */
  private void refuse(String reason, long nowNanos) {
    recorder.sent++;
    recorder.failed(Status.Code.UNAVAILABLE, reason, nowNanos - nextDueNanos);
  }

  /** Goes on where something was waited for that has happened. */
  private void pumpNow() {
    if (schedule != null) {
      pumpAt(0);
    }
  }

  private void pumpAt(long inNanos) {
    if (pumping) {
      return;
    }
    pumping = true;
    if (inNanos < SPIN_NANOS) {
      loop.execute(this::pump);
    } else {
      loop.schedule(this::pump, inNanos, TimeUnit.NANOSECONDS);
    }
  }

  private void nextDue() {
    if (schedule != null && !advance(schedule)) {
      schedule = null;
    }
  }

  /** Takes the next moment out of a schedule; returns whether there is one. */
  private boolean advance(ArrivalSchedule from) {
    long next = from.nextNanos();
    nextDueNanos = next == ArrivalSchedule.END ? Long.MAX_VALUE : startNanos + next;
    return next != ArrivalSchedule.END;
  }

  private void expire() {
    long now = System.nanoTime();
    connections.forEach(connection -> connection.expire(now));
  }

  @Override
  public void ready(Connection connection) {
    connections.ready(connection);
    if (shape instanceof LoadShape.ClosedLoop closed) {
      fill(connection, closed.inFlight());
    }
    pumpNow();
  }

  @Override
  public void answered(
      Connection connection, Call call, Status.Code code, String message, long nowNanos) {
    open--;
    long latency = nowNanos - call.intendedNanos();
    if (code == Status.Code.OK) {
      long deadline = deadlines[call.variant()];
      recorder.ok(call.variant(), latency, isRight(call) && (deadline == 0 || latency <= deadline));
    } else {
      recorder.failed(code, message, latency);
    }
    if (shape instanceof LoadShape.ClosedLoop) {
      if (connection.canSend()) {
        send(connection, nowNanos, nowNanos);
      }
    } else if (nextDueNanos <= nowNanos) {
      pumpNow(); // it may have waited for this one
    }
  }

  private boolean isRight(Call call) {
    ByteBuf answer = call.answer();
    if (answer == null) {
      return true;
    }
    String problem = workload.check().problem(call.variant(), answer);
    if (problem != null) {
      recorder.wrong(problem);
    }
    return problem == null;
  }

  @Override
  public void closed(Connection connection, String reason) {
    connections.closed(connection, reason);
  }
}
