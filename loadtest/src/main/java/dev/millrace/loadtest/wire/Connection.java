// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.wire;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.grpc.Status;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2Exception;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A gRPC client on one HTTP/2 connection that can do nothing but unary calls of one method, and
 * those at a fraction of a general client's cost: requests are bytes made before, headers are
 * constant, and what is sent in one round of the event loop leaves with one system call.
 *
 * <p>All of it runs on the connection's event loop. The server's flow control, its limit of streams
 * and its GOAWAY are obeyed; its own windows are as large as they can be.
 */
public final class Connection extends ChannelInboundHandlerAdapter {
  /** What the owner of a connection is told, on its event loop. */
  public interface Listener {
    /** The server is ready for calls. */
    void ready(Connection connection);

    /** A call has ended. */
    void answered(
        Connection connection, Call call, Status.Code code, String message, long nowNanos);

    /** No further calls: each open one has been told of. */
    void closed(Connection connection, String reason);
  }

  private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII);

  /** Frames of small requests gather in a buffer of this size: some hundred of them. */
  private static final int OUT_BYTES = 32 << 10;

  /** Above this a message is written where it lies. */
  private static final int COPIED_BYTES = 4 << 10;

  /** When so much has come, the server is told that there is room again. */
  private static final int REPLENISH_BYTES = 64 << 20;

  private final Listener listener;
  private final RequestHeaders headers;

  /** The different ones; 0 for none. */
  private final long[] timeouts;

  /** Which of them the calls of a variant have. */
  private final int[] timeoutOf;

  private final StreamTable streams = new StreamTable();
  private final AnswerHeaders answerHeaders = new AnswerHeaders();

  /** Calls whose message flow control has stopped, oldest first. */
  private final ArrayDeque<Call> stopped = new ArrayDeque<>();

  /** For each timeout its calls, by the time of their deadline: the order they were sent in. */
  private final List<ArrayDeque<Call>> expiring = new ArrayList<>();

  private @Nullable ChannelHandlerContext context;
  private @Nullable ByteBuf out;

  /** The beginning of a frame whose end has not come yet. */
  private @Nullable ByteBuf partial;

  /** Blocks of headers that go on in CONTINUATION frames. */
  private @Nullable ByteBuf headerBlock;

  private boolean headersEndStream;
  private boolean ready;
  private boolean leaving;
  private @Nullable String whyClosed;
  private int nextStreamId = 1;
  private long maxStreams = Integer.MAX_VALUE;
  private long headerTableBytes = Frames.DEFAULT_HEADER_TABLE;
  private int maxFrameBytes = Frames.DEFAULT_FRAME_BYTES;
  private int initialWindow = Frames.DEFAULT_WINDOW;
  private int connectionWindow = Frames.DEFAULT_WINDOW;
  private int unacknowledged;
  private long nowNanos;

  /**
   * @param timeoutNanos of each variant: sent with its calls, and after which they are given up
   *     here; 0 for none
   */
  public Connection(Listener listener, String authority, long... timeoutNanos) {
    this.listener = listener;
    this.timeouts = LongStream.of(timeoutNanos).distinct().sorted().toArray();
    this.timeoutOf =
        LongStream.of(timeoutNanos).mapToInt(n -> Arrays.binarySearch(timeouts, n)).toArray();
    for (int i = 0; i < timeouts.length; i++) {
      expiring.add(new ArrayDeque<>());
    }
    this.headers =
        RequestHeaders.of(
            "/inference.GRPCInferenceService/ModelInfer",
            authority,
            LongStream.of(timeouts).mapToObj(n -> n == 0 ? "" : Timeouts.format(n)).toList());
  }

  /** Whether a call can be sent now. */
  public boolean canSend() {
    return ready && !leaving && streams.size() < maxStreams;
  }

  public int openCalls() {
    return streams.size();
  }

  /**
   * Sends a call; it leaves with the next {@link #flush}. Only while {@link #canSend}.
   *
   * @param keepAnswer whether the listener wants to see the answer
   */
  public void send(
      RequestFrames request, int variant, long intendedNanos, long nowNanos, boolean keepAnswer) {
    ChannelHandlerContext ctx = context();
    int timeout = timeoutOf[variant];
    Call call =
        new Call(
            nextStreamId,
            variant,
            request,
            intendedNanos,
            timeouts[timeout] == 0 ? Long.MAX_VALUE : nowNanos + timeouts[timeout],
            keepAnswer ? ctx.alloc().buffer() : null,
            initialWindow);
    byte[] block = headers.block(timeout, nextStreamId == 1, headerTableBytes);
    nextStreamId += 2;
    leaving |= nextStreamId < 0; // numbers are used up: the owner opens another connection
    streams.put(call);
    if (timeouts[timeout] != 0) {
      expiring.get(timeout).add(call);
    }
    ByteBuf frames = out();
    Frames.writeHeader(frames, block.length, Frames.HEADERS, Frames.END_HEADERS, call.streamId);
    frames.writeBytes(block);
    int length = request.length();
    if (length <= COPIED_BYTES
        && length <= maxFrameBytes
        && length <= connectionWindow
        && length <= call.sendWindow) {
      Frames.writeHeader(frames, length, Frames.DATA, Frames.END_STREAM, call.streamId);
      request.copyTo(frames);
      connectionWindow -= length;
      call.sent = length;
    } else if (!sendRest(call)) {
      stopped.add(call);
    }
  }

  /** Sends as much of a message as the server takes now; whether that was all. */
  private boolean sendRest(Call call) {
    int length = call.request.length();
    while (call.sent < length) {
      int bytes = Math.min(length - call.sent, maxFrameBytes);
      bytes = Math.min(bytes, Math.min(connectionWindow, call.sendWindow));
      if (bytes <= 0) {
        return false;
      }
      int flags = call.sent + bytes == length ? Frames.END_STREAM : 0;
      Frames.writeHeader(out(), bytes, Frames.DATA, flags, call.streamId);
      writeOut();
      context().write(call.request.slice(call.sent, bytes), context().voidPromise());
      call.sent += bytes;
      call.sendWindow -= bytes;
      connectionWindow -= bytes;
    }
    return true;
  }

  /** Tries again what flow control had stopped; a call that is stopped holds up no other. */
  private void resume() {
    for (int left = stopped.size(); left > 0 && connectionWindow > 0; left--) {
      Call call = stopped.remove();
      if (call.open && !sendRest(call)) {
        stopped.add(call);
      }
    }
  }

  /** Lets what was sent leave. */
  public void flush() {
    if (context != null) {
      writeOut();
      context.flush();
    }
  }

  /** Ends the calls whose deadline has passed, as a gRPC client does. */
  public void expire(long now) {
    nowNanos = now;
    for (int i = 0; i < timeouts.length; i++) {
      expire(expiring.get(i), now);
    }
    flush();
  }

  private void expire(ArrayDeque<Call> calls, long now) {
    Call call = calls.peek();
    while (call != null && (!call.open || call.expiresNanos <= now)) {
      calls.remove();
      if (call.open) {
        Frames.writeReset(out(), call.streamId, Frames.ERROR_CANCEL);
        end(call, Status.Code.DEADLINE_EXCEEDED, "no answer within the deadline");
      }
      call = calls.peek();
    }
  }

  /** Tells the server that nobody waits for the open calls any more, and ends them. */
  public void abandon(String reason) {
    nowNanos = System.nanoTime();
    streams.forEach(
        call -> {
          Frames.writeReset(out(), call.streamId, Frames.ERROR_CANCEL);
          end(call, Status.Code.CANCELLED, reason);
        });
    flush();
  }

  public void close() {
    if (context != null) {
      context.close();
    }
  }

  /** Closes it, for a reason that the listener is told, unless there was one before. */
  public void close(String reason) {
    if (context != null) {
      whyClosed = whyClosed == null ? reason : whyClosed;
      leaving = true;
      context.close();
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    context = ctx;
    ByteBuf frames = out();
    frames.writeBytes(PREFACE);
    Frames.writeHeader(frames, 12, Frames.SETTINGS, 0, 0);
    Frames.writeSetting(frames, Frames.SETTING_ENABLE_PUSH, 0);
    Frames.writeSetting(frames, Frames.SETTING_INITIAL_WINDOW_SIZE, Integer.MAX_VALUE);
    Frames.writeWindowUpdate(frames, 0, Integer.MAX_VALUE - Frames.DEFAULT_WINDOW);
    flush();
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) throws Http2Exception {
    ByteBuf in = (ByteBuf) message;
    nowNanos = System.nanoTime();
    if (partial != null) {
      partial.writeBytes(in);
      in.release();
      in = partial;
      partial = null;
    }
    try {
      while (hasFrame(in)) {
        readFrame(in);
      }
      if (in.isReadable()) {
        partial = ctx.alloc().buffer(Math.max(in.readableBytes(), OUT_BYTES)).writeBytes(in);
      }
    } finally {
      in.release();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    flush();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    ended();
  }

  /**
   * A write that fails is told of while whoever wrote is still at work, so all that ends here waits
   * for {@link #channelInactive}, which comes by itself later.
   */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    close(reason(cause));
  }

  private void ended() {
    if (context == null) {
      return;
    }
    String reason = whyClosed == null ? "connection closed by the server" : whyClosed;
    nowNanos = System.nanoTime();
    leaving = true;
    streams.forEach(call -> end(call, Status.Code.UNAVAILABLE, reason));
    out = free(out);
    partial = free(partial);
    headerBlock = free(headerBlock);
    context = null;
    listener.closed(this, reason);
  }

  /** What went wrong with a connection, without the names of system calls that Netty puts first. */
  public static String reason(Throwable cause) {
    return Objects.requireNonNullElse(cause.getMessage(), cause.getClass().getSimpleName())
        .replaceFirst("^.* failed with error\\(-?\\d+\\): ", "");
  }

  private static @Nullable ByteBuf free(@Nullable ByteBuf buffer) {
    if (buffer != null) {
      buffer.release();
    }
    return null;
  }

  private static boolean hasFrame(ByteBuf in) {
    int readable = in.readableBytes();
    return readable >= Frames.HEADER_BYTES
        && readable >= Frames.HEADER_BYTES + in.getUnsignedMedium(in.readerIndex());
  }

  private void readFrame(ByteBuf in) throws Http2Exception {
    int length = in.readUnsignedMedium();
    int type = in.readByte();
    int flags = in.readByte();
    int streamId = in.readInt() & Integer.MAX_VALUE;
    int end = in.readerIndex() + length;
    int limit = in.writerIndex();
    in.writerIndex(end); // whoever reads this frame sees nothing of the next
    switch (type) {
      case Frames.DATA -> readData(in, length, flags, streamId);
      case Frames.HEADERS -> readHeaders(in, flags, streamId);
      case Frames.CONTINUATION -> readContinuation(in, flags, streamId);
      case Frames.RST_STREAM -> readReset(in, streamId);
      case Frames.SETTINGS -> readSettings(in, flags);
      case Frames.PING -> readPing(in, flags);
      case Frames.GOAWAY -> readGoAway(in);
      case Frames.WINDOW_UPDATE -> readWindowUpdate(in, streamId);
      default -> {} // priorities and extensions
    }
    in.writerIndex(limit);
    in.readerIndex(end);
  }

  private void readData(ByteBuf in, int length, int flags, int streamId) {
    unacknowledged += length;
    if (unacknowledged >= REPLENISH_BYTES) {
      Frames.writeWindowUpdate(out(), 0, unacknowledged);
      unacknowledged = 0;
    }
    stripPadding(in, flags);
    Call call = streams.get(streamId);
    if (call == null) {
      return; // given up meanwhile
    }
    call.receive(in);
    if ((flags & Frames.END_STREAM) != 0) {
      end(call, Status.Code.INTERNAL, "the answer ended without trailers");
    }
  }

  private void readHeaders(ByteBuf in, int flags, int streamId) throws Http2Exception {
    stripPadding(in, flags);
    if ((flags & Frames.PRIORITY) != 0) {
      in.skipBytes(5);
    }
    boolean endStream = (flags & Frames.END_STREAM) != 0;
    if ((flags & Frames.END_HEADERS) != 0) {
      headersRead(answerHeaders.decode(streamId, in), endStream, streamId);
    } else {
      headersEndStream = endStream;
      headerBlock = context().alloc().buffer().writeBytes(in);
    }
  }

  private void readContinuation(ByteBuf in, int flags, int streamId) throws Http2Exception {
    ByteBuf block = headerBlock;
    if (block == null) {
      return;
    }
    block.writeBytes(in);
    if ((flags & Frames.END_HEADERS) != 0) {
      headerBlock = null;
      try {
        headersRead(answerHeaders.decode(streamId, block), headersEndStream, streamId);
      } finally {
        block.release();
      }
    }
  }

  private void headersRead(AnswerHeaders.Outcome outcome, boolean endStream, int streamId) {
    Call call = streams.get(streamId);
    if (call == null || !endStream) {
      return;
    }
    if (outcome.code() == null) {
      end(call, Status.Code.UNKNOWN, "the answer has no grpc-status");
    } else if (outcome.code() == Status.Code.OK && !call.hasWholeAnswer()) {
      end(call, Status.Code.INTERNAL, "status OK without one whole message");
    } else {
      end(call, outcome.code(), outcome.message());
    }
  }

  private void readReset(ByteBuf in, int streamId) {
    int error = in.readInt();
    Call call = streams.get(streamId);
    if (call != null) {
      end(
          call,
          switch (error) {
            case Frames.ERROR_REFUSED_STREAM -> Status.Code.UNAVAILABLE;
            // a server can say no more when the deadline passes there; our timer may be behind
            case Frames.ERROR_CANCEL ->
                call.expiresNanos <= nowNanos
                    ? Status.Code.DEADLINE_EXCEEDED
                    : Status.Code.CANCELLED;
            case Frames.ERROR_ENHANCE_YOUR_CALM -> Status.Code.RESOURCE_EXHAUSTED;
            default -> Status.Code.INTERNAL;
          },
          "RST_STREAM with error " + error);
    }
  }

  private void readSettings(ByteBuf in, int flags) {
    if ((flags & Frames.ACK) != 0) {
      return;
    }
    while (in.readableBytes() >= 6) {
      int id = in.readUnsignedShort();
      long value = in.readUnsignedInt();
      switch (id) {
        case Frames.SETTING_HEADER_TABLE_SIZE -> {
          if (nextStreamId == 1) {
            headerTableBytes = value; // later than the first SETTINGS nobody changes it
          }
        }
        case Frames.SETTING_MAX_CONCURRENT_STREAMS -> maxStreams = value;
        case Frames.SETTING_MAX_FRAME_SIZE -> maxFrameBytes = (int) value;
        case Frames.SETTING_INITIAL_WINDOW_SIZE -> {
          int change = (int) value - initialWindow;
          initialWindow = (int) value;
          streams.forEach(call -> call.sendWindow += change);
        }
        default -> {}
      }
    }
    Frames.writeHeader(out(), 0, Frames.SETTINGS, Frames.ACK, 0);
    resume();
    if (!ready) {
      ready = true;
      listener.ready(this);
    }
  }

  private void readPing(ByteBuf in, int flags) {
    if ((flags & Frames.ACK) == 0) {
      Frames.writeHeader(out(), 8, Frames.PING, Frames.ACK, 0);
      out().writeLong(in.readLong());
    }
  }

  private void readGoAway(ByteBuf in) {
    int lastStreamId = in.readInt() & Integer.MAX_VALUE;
    leaving = true;
    streams.forEach(
        call -> {
          if (call.streamId > lastStreamId) {
            end(call, Status.Code.UNAVAILABLE, "the server goes away");
          }
        });
    if (streams.size() == 0) {
      close();
    }
  }

  private void readWindowUpdate(ByteBuf in, int streamId) {
    int bytes = in.readInt() & Integer.MAX_VALUE;
    if (streamId == 0) {
      connectionWindow += bytes;
    } else {
      Call call = streams.get(streamId);
      if (call == null) {
        return;
      }
      call.sendWindow += bytes;
    }
    resume();
  }

  private static void stripPadding(ByteBuf in, int flags) {
    if ((flags & Frames.PADDED) != 0) {
      int padding = in.readUnsignedByte();
      in.writerIndex(in.writerIndex() - padding);
    }
  }

  private void end(Call call, Status.Code code, String message) {
    call.open = false;
    streams.remove(call);
    try {
      listener.answered(this, call, code, message, nowNanos);
    } finally {
      free(call.answer);
    }
    if (leaving && streams.size() == 0) {
      close();
    }
  }

  private ChannelHandlerContext context() {
    if (context == null) {
      throw new IllegalStateException("the connection is closed");
    }
    return context;
  }

  /** Where the next frame goes. */
  private ByteBuf out() {
    if (out != null && out.writableBytes() < COPIED_BYTES + 1024) {
      writeOut();
    }
    if (out == null) {
      out = context().alloc().directBuffer(OUT_BYTES);
    }
    return out;
  }

  private void writeOut() {
    if (out != null && context != null) {
      context.write(out, context.voidPromise());
      out = null;
    }
  }
}
