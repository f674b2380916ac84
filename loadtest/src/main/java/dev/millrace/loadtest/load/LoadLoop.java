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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The part of a load generator that lives on one event loop. All of it runs there. */
final class LoadLoop implements Connection.Listener {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  /** Nearer moments are waited for by looking again and again: timers are not that exact. */
  private static final long SPIN_NANOS = 30_000;

  private static final long EXPIRY_TICK_MICROS = 500;
  private static final long RECONNECT_MILLIS = 100;

  private final EventLoop loop;
  private final Bootstrap bootstrap;
  private final LoadOptions options;
  private final Workload workload;
  private final RequestFrames[] requests;
  private final int index;
  private final int loops;
  private final List<Connection> connections = new ArrayList<>();
  private final Mix mix;
  private int nextConnection;
  private int open;
  private int untilCheck;
  private Recorder recorder;

  private @Nullable LoadShape shape;
  private @Nullable ArrivalSchedule schedule;
  private long startNanos;
  private long nextDueNanos;
  private int maxOpen;
  private boolean pumping;
  private boolean closing;

  LoadLoop(
      EventLoop loop,
      Bootstrap bootstrap,
      LoadOptions options,
      Workload workload,
      RequestFrames[] requests,
      int index,
      int loops) {
    this.loop = loop;
    this.bootstrap = bootstrap;
    this.options = options;
    this.workload = workload;
    this.requests = requests;
    this.index = index;
    this.loops = loops;
    this.mix = new Mix(workload.variants(), index * requests.length / loops);
    this.recorder = new Recorder(requests.length, System.nanoTime(), 0);
    if (options.deadlineNanos() > 0) {
      loop.scheduleAtFixedRate(
          this::expire, EXPIRY_TICK_MICROS, EXPIRY_TICK_MICROS, TimeUnit.MICROSECONDS);
    }
  }

  EventLoop loop() {
    return loop;
  }

  /** Opens a connection; the future tells of the socket. From any thread. */
  ChannelFuture connect() {
    Connection connection =
        new Connection(
            this,
            options.target().getHostString() + ":" + options.target().getPort(),
            options.deadlineNanos());
    ChannelFuture connected = bootstrap.clone(loop).handler(connection).connect(options.target());
    connected.addListener(
        future -> {
          if (!future.isSuccess() && !closing && shape != null) {
            reconnectLater();
          }
        });
    return connected;
  }

  /** How many connections may be used. */
  int readyConnections() {
    return connections.size();
  }

  void begin(LoadShape shape, long startNanos) {
    this.shape = shape;
    this.startNanos = startNanos;
    beginRecorder();
    switch (shape) {
      case LoadShape.ClosedLoop closed -> {
        for (Connection connection : connections) {
          fill(connection, closed.inFlight());
        }
      }
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
    shape = null;
    schedule = null;
  }

  boolean isIdle() {
    return open == 0 && schedule == null;
  }

  /** Forgets what is still open. */
  void abandon() {
    connections.forEach(Connection::abandon);
    open = 0;
  }

  void close() {
    closing = true;
    end();
    List.copyOf(connections).forEach(Connection::close);
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
    recorder.sent++;
    open++;
    connection.send(requests[variant], variant, intendedNanos, nowNanos, check);
  }

  /** Open loop: sends what is due, then waits for what is due next. */
  private void pump() {
    pumping = false;
    long now = System.nanoTime();
    boolean isFull = false;
    while (schedule != null && nextDueNanos <= now) {
      Connection connection = open < maxOpen ? pick() : null;
      if (connection == null) {
        isFull = true; // goes on when one is answered
        break;
      }
      recorder.late(now - nextDueNanos);
      send(connection, nextDueNanos, now);
      nextDue();
    }
    connections.forEach(Connection::flush);
    if (schedule != null && !isFull) {
      pumpAt(nextDueNanos - now);
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
    long next = schedule == null ? ArrivalSchedule.END : schedule.nextNanos();
    if (next == ArrivalSchedule.END) {
      schedule = null;
    } else {
      nextDueNanos = startNanos + next;
    }
  }

  /** The next connection in turn that takes a call; null if none does. */
  private @Nullable Connection pick() {
    for (int tried = 0; tried < connections.size(); tried++) {
      nextConnection = (nextConnection + 1) % connections.size();
      Connection connection = connections.get(nextConnection);
      if (connection.canSend()) {
        return connection;
      }
    }
    return null;
  }

  private void expire() {
    long now = System.nanoTime();
    List.copyOf(connections).forEach(connection -> connection.expire(now));
  }

  @Override
  public void ready(Connection connection) {
    connections.add(connection);
    if (shape instanceof LoadShape.ClosedLoop closed) {
      fill(connection, closed.inFlight());
    }
  }

  @Override
  public void answered(
      Connection connection, Call call, Status.Code code, String message, long nowNanos) {
    open--;
    long latency = nowNanos - call.intendedNanos();
    if (code == Status.Code.OK) {
      boolean right = isRight(call);
      recorder.ok(
          call.variant(),
          latency,
          right && (options.deadlineNanos() == 0 || latency <= options.deadlineNanos()));
    } else {
      recorder.failed(code, message, latency);
    }
    if (shape instanceof LoadShape.ClosedLoop) {
      if (connection.canSend()) {
        send(connection, nowNanos, nowNanos);
      }
    } else if (schedule != null && nextDueNanos <= nowNanos) {
      pumpAt(0); // it may have waited for this one
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
    connections.remove(connection);
    if (!closing && shape != null) {
      reconnectLater();
    }
  }

  private void reconnectLater() {
    loop.schedule(
        () -> {
          if (!closing) {
            connect();
          }
        },
        RECONNECT_MILLIS,
        TimeUnit.MILLISECONDS);
  }
}
