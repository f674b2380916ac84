// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * A closed loop: a fixed number of calls in flight on a fixed number of connections, the next one
 * sent when one is answered. Sends bytes that were made once, and does not parse answers.
 */
final class ClosedLoop implements AutoCloseable {
  private static final MethodDescriptor<byte[], byte[]> MODEL_INFER =
      MethodDescriptor.<byte[], byte[]>newBuilder()
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName("inference.GRPCInferenceService/ModelInfer")
          .setRequestMarshaller(new Bytes())
          .setResponseMarshaller(new Bytes())
          .build();

  private final List<ManagedChannel> channels = new ArrayList<>();
  private final int inFlightPerChannel;

  ClosedLoop(String host, int port, int connections, int inFlightPerChannel) {
    this.inFlightPerChannel = inFlightPerChannel;
    for (int i = 0; i < connections; i++) {
      channels.add(
          NettyChannelBuilder.forAddress(host, port)
              .usePlaintext()
              .directExecutor()
              .maxInboundMessageSize(256 << 20)
              .flowControlWindow(8 << 20)
              .build());
    }
  }

  /**
   * What a run saw.
   *
   * @param perSecond answers with status OK per second
   * @param latency of those, nanoseconds
   * @param outcomes answers by status
   */
  record Result(double perSecond, Histogram latency, Map<Status.Code, Long> outcomes) {
    long failed() {
      return outcomes.entrySet().stream()
          .filter(outcome -> outcome.getKey() != Status.Code.OK)
          .mapToLong(Map.Entry::getValue)
          .sum();
    }
  }

  /**
   * Sends for {@code warmUp}, then measures for {@code seconds}, then waits for the last answer.
   */
  Result run(byte[] request, double warmUpSeconds, double seconds) throws InterruptedException {
    Run run = new Run(request, (long) (warmUpSeconds * 1e9), (long) (seconds * 1e9));
    for (ManagedChannel channel : channels) {
      for (int i = 0; i < inFlightPerChannel; i++) {
        run.next(channel);
      }
    }
    run.awaitEnd((long) channels.size() * inFlightPerChannel);
    return run.result();
  }

  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
  }

  private static final class Run {
    private final byte[] request;
    private final long measureFrom;
    private final long measureTo;
    private final double seconds;
    private final Histogram latency = new ConcurrentHistogram(60_000_000_000L, 3);
    private final Map<Status.Code, LongAdder> outcomes = new EnumMap<>(Status.Code.class);
    private final Semaphore ended = new Semaphore(0);

    Run(byte[] request, long warmUpNanos, long nanos) {
      this.request = request;
      this.measureFrom = System.nanoTime() + warmUpNanos;
      this.measureTo = measureFrom + nanos;
      this.seconds = nanos / 1e9;
      for (Status.Code code : Status.Code.values()) {
        outcomes.put(code, new LongAdder());
      }
    }

    void next(ManagedChannel channel) {
      long begin = System.nanoTime();
      if (begin >= measureTo) {
        ended.release();
        return;
      }
      ClientCall<byte[], byte[]> call = channel.newCall(MODEL_INFER, CallOptions.DEFAULT);
      call.start(
          new ClientCall.Listener<>() {
            @Override
            public void onClose(Status status, Metadata trailers) {
              answered(status, begin);
              next(channel);
            }
          },
          new Metadata());
      call.request(2);
      call.sendMessage(request);
      call.halfClose();
    }

    private void answered(Status status, long begin) {
      long now = System.nanoTime();
      if (now >= measureFrom && now < measureTo) {
        LongAdder count = outcomes.get(status.getCode());
        if (count != null) {
          count.increment();
        }
        if (status.isOk()) {
          latency.recordValue(now - begin);
        }
      }
    }

    void awaitEnd(long calls) throws InterruptedException {
      ended.acquire((int) calls);
    }

    Result result() {
      Map<Status.Code, Long> counts = new EnumMap<>(Status.Code.class);
      outcomes.forEach(
          (code, count) -> {
            if (count.sum() > 0) {
              counts.put(code, count.sum());
            }
          });
      return new Result(latency.getTotalCount() / seconds, latency, counts);
    }
  }

  /** Bytes as they are, in one piece. */
  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new Piece(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static final class Piece extends ByteArrayInputStream implements KnownLength, Drainable {
    Piece(byte[] bytes) {
      super(bytes);
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
      int length = available();
      target.write(buf, pos, length);
      pos = count;
      return length;
    }
  }
}
