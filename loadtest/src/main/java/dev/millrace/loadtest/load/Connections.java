// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import dev.millrace.loadtest.wire.Connection;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The connections of one event loop. One that is lost is opened again, at once if none was opened
 * lately and a little later otherwise, as often as it takes. All of it runs on that loop.
 *
 * <p>While the first attempt to replace a lost connection is under way it may be a server that
 * renews its connections, and who wants to send waits. When it has failed, and no other connection
 * is left, the server is lost ({@link #lost}) until an attempt succeeds.
 */
final class Connections {
  // soon enough for a server that is back, seldom enough to be no load for one that is not
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** A server that takes a connection and says nothing is none. */
  private static final long HANDSHAKE_SECONDS = 5;

  private final EventLoop loop;
  private final Bootstrap bootstrap;
  private final LoadOptions options;
  private final long[] deadlines;
  private final Connection.Listener listener;
  private final Runnable onLost;
  private final List<Connection> ready = new ArrayList<>();
  private int lastPicked;
  private long lastOpenedNanos;
  private @Nullable String whyLost;
  private boolean closing;

  /**
   * @param deadlines of each variant; 0 for none
   * @param listener of the connections, which passes {@link #ready} and {@link #closed} on to this
   * @param onLost is told of each attempt that leaves the server lost
   */
  Connections(
      EventLoop loop,
      Bootstrap bootstrap,
      LoadOptions options,
      long[] deadlines,
      Connection.Listener listener,
      Runnable onLost) {
    this.loop = loop;
    this.bootstrap = bootstrap;
    this.options = options;
    this.deadlines = deadlines;
    this.listener = listener;
    this.onLost = onLost;
  }

  /** Opens one more; the future tells of the socket. From any thread. */
  ChannelFuture open() {
    Connection connection =
        new Connection(
            listener,
            options.target().getHostString() + ":" + options.target().getPort(),
            deadlines);
    ChannelFuture connected = bootstrap.clone(loop).handler(connection).connect(options.target());
    connected.addListener(
        future -> {
          if (future.isSuccess() && !closing) {
            loop.schedule(() -> giveUpUnlessReady(connection), HANDSHAKE_SECONDS, TimeUnit.SECONDS);
          } else if (!future.isSuccess()) {
            failed(Connection.reason(future.cause()));
          }
        });
    return connected;
  }

  private void giveUpUnlessReady(Connection connection) {
    if (!ready.contains(connection)) {
      connection.close("no HTTP/2 SETTINGS within %d s".formatted(HANDSHAKE_SECONDS));
    }
  }

  void ready(Connection connection) {
    ready.add(connection);
    lastOpenedNanos = System.nanoTime();
    whyLost = null;
  }

  /** Takes a connection out, whether it was ready or not, and sees to another one. */
  void closed(Connection connection, String reason) {
    if (!ready.remove(connection)) {
      failed(reason);
    } else if (System.nanoTime() - lastOpenedNanos < RETRY_NANOS) {
      openLater();
    } else {
      openUnlessClosing();
    }
  }

  private void failed(String reason) {
    openLater();
    if (ready.isEmpty()) {
      whyLost = reason;
      onLost.run();
    }
  }

  private void openLater() {
    if (!closing) {
      loop.schedule(this::openUnlessClosing, RETRY_NANOS, TimeUnit.NANOSECONDS);
    }
  }

  private void openUnlessClosing() {
    if (!closing) {
      lastOpenedNanos = System.nanoTime();
      open();
    }
  }

  int size() {
    return ready.size();
  }

  /** Why there is no server to send to; empty if there is one, or may be one in a moment. */
  Optional<String> lost() {
    return Optional.ofNullable(whyLost);
  }

  /** The next connection in turn that takes a call; null if none does. */
  @Nullable Connection pick() {
    for (int tried = 0; tried < ready.size(); tried++) {
      lastPicked = (lastPicked + 1) % ready.size();
      Connection connection = ready.get(lastPicked);
      if (connection.canSend()) {
        return connection;
      }
    }
    return null;
  }

  void forEach(Consumer<Connection> action) {
    ready.forEach(action);
  }

  void flush() {
    ready.forEach(Connection::flush);
  }

  void close() {
    closing = true;
    forEach(Connection::close);
  }
}
