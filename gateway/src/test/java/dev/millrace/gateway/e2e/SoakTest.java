// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.proto.inference.GRPCInferenceServiceGrpc;
import dev.millrace.proto.inference.ModelInferRequest;
import dev.millrace.proto.inference.ModelInferResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PoolArenaMetric;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A while of everything at once: several models, cancels, deadlines too short, malformed messages,
 * rows that poison their batch, and reloads. Every answer is verified as it comes; in the end
 * nothing may be left: no rows, bytes, leases, threads or buffers.
 *
 * <p>{@code -Dmillrace.soak.seconds} sets how long it takes.
 */
@ExtendWith(NettyLeaks.class)
class SoakTest {
  private static final Logger log = LoggerFactory.getLogger(SoakTest.class);
  private static final Duration LENGTH =
      Duration.ofSeconds(Long.getLong("millrace.soak.seconds", 30));

  private static final int CALLERS = 4;

  /** Calls of one caller that may be open at a time: the load is bounded. */
  private static final int OPEN_CALLS = 32;

  private static final int LARGE_WIDTH = 256 * 1024;
  private static final float POISON = 666;
  private static final MethodDescriptor<byte[], byte[]> MODEL_INFER =
      GRPCInferenceServiceGrpc.getModelInferMethod().toBuilder(
              new BytesMarshaller(), new BytesMarshaller())
          .build();

  private final Map<Status.Code, AtomicLong> outcomes = new EnumMap<>(Status.Code.class);
  private final Queue<String> surprises = new ConcurrentLinkedQueue<>();
  private final AtomicLong reloads = new AtomicLong();

  @Test
  @Timeout(600)
  void nothingIsLeftAfterAWhileOfEverything(@TempDir Path folder) throws Exception {
    for (Status.Code code : Status.Code.values()) {
      outcomes.put(code, new AtomicLong());
    }
    Set<String> threadsBefore = threads();
    long buffersBefore = pooledBuffers();
    TestGateway gateway = start(folder);
    gateway.infer("negate", Tensor.rows(1, 1));

    long end = System.nanoTime() + LENGTH.toNanos();
    try (ExecutorService callers = Executors.newFixedThreadPool(CALLERS + 1)) {
      List<Future<?>> running = new ArrayList<>();
      for (int i = 0; i < CALLERS; i++) {
        Caller caller = new Caller(gateway, new Random(i), end);
        running.add(callers.submit(caller));
      }
      running.add(callers.submit(() -> reloadUntil(end, gateway)));
      for (Future<?> each : running) {
        each.get(LENGTH.toSeconds() + 120, TimeUnit.SECONDS);
      }
    }
    gateway.awaitIdle();
    log.info("{} s: {}, {} reloads", LENGTH.toSeconds(), outcomes, reloads);

    assertThat(surprises).isEmpty();
    for (Status.Code expected :
        new Status.Code[] {
          Status.Code.OK,
          Status.Code.CANCELLED,
          Status.Code.DEADLINE_EXCEEDED,
          Status.Code.INVALID_ARGUMENT,
          Status.Code.RESOURCE_EXHAUSTED,
          Status.Code.INTERNAL
        }) {
      assertThat(outcomes.get(expected).get()).as("outcomes %s", expected).isPositive();
    }
    assertThat(reloads.get()).isPositive();
    assertThat(gateway.infer("negate", Tensor.rows(1, 1))).hasSize(1);

    gateway.close();
    await()
        .atMost(TestGateway.PATIENCE)
        .untilAsserted(
            () -> {
              assertThat(threads()).isSubsetOf(threadsBefore);
              assertThat(pooledBuffers()).as("buffers in use").isLessThanOrEqualTo(buffersBefore);
            });
    assertThat(files(folder.resolve("staging"))).as("copies of models").isEmpty();
  }

  private static List<Path> files(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile).toList();
    }
  }

  private static TestGateway start(Path folder) {
    return TestGateway.over(folder)
        .polling()
        .set(ConfigKey.MAX_MESSAGE_BYTES, 4 << 20)
        .model("negate", OnnxModels.unary("Neg", DataType.FP32, "n", 4))
        .file("negate/model.yaml", "replicas: 2\n")
        .model("cumsum", OnnxModels.cumsum(0))
        .model("words", OnnxModels.identity(DataType.BYTES, "n", "m"))
        .model("large", OnnxModels.identity(DataType.FP32, "n", "m"))
        .echo(
            "echo",
            "poisoned",
            "inputs = x FP32[-1,4]\nfail_when = 666\ndelay_micros_per_batch = 2000")
        .echo(
            "echo",
            "slow",
            "inputs = x FP32[-1,4]\ndelay_micros_per_batch = 20000",
            "max_batch_size: 4",
            "max_queued_rows: 16")
        .model("reloaded", 1, OnnxModels.identity(DataType.FP32, "n", 4))
        .start();
  }

  // --- what is left

  /**
   * Threads of the gateway and its libraries; those of the virtual machine and others come and go.
   */
  private static Set<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(
            name ->
                name.matches("(replica|drain|control|janitor|multiThreadIo|multithread|epoll).*"))
        .collect(Collectors.toSet());
  }

  /** Buffers that gRPC's allocator has handed out, on either side, and has not got back. */
  private static long pooledBuffers() {
    long active = 0;
    for (PooledByteBufAllocator allocator : allocators()) {
      for (PoolArenaMetric arena : allocator.metric().directArenas()) {
        active += arena.numActiveAllocations();
      }
      for (PoolArenaMetric arena : allocator.metric().heapArenas()) {
        active += arena.numActiveAllocations();
      }
    }
    return active;
  }

  /** gRPC has allocators of its own, and shows them to nobody. */
  private static List<PooledByteBufAllocator> allocators() {
    List<PooledByteBufAllocator> allocators = new ArrayList<>();
    try {
      Method get =
          Class.forName("io.grpc.netty.Utils")
              .getDeclaredMethod("getByteBufAllocator", boolean.class);
      get.setAccessible(true);
      for (boolean heap : new boolean[] {false, true}) {
        if (get.invoke(null, heap) instanceof ByteBufAllocator found
            && found instanceof PooledByteBufAllocator pooled) {
          allocators.add(pooled);
        }
      }
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("gRPC has changed where its allocators are", e);
    }
    assertThat(allocators).isNotEmpty();
    return allocators;
  }

  // --- reloads

  /**
   * Replaces a version by another content, adds one above it and takes it away, again and again.
   */
  private void reloadUntil(long end, TestGateway gateway) {
    Path model = gateway.repository().resolve("reloaded");
    for (int round = 0; System.nanoTime() < end; round++) {
      try {
        Path next = model.resolve("1/.next");
        TestGateway.write(next, OnnxModels.identity(DataType.FP32, "n" + round, 4));
        Files.move(next, model.resolve("1/model.onnx"), StandardCopyOption.REPLACE_EXISTING);
        Path second = model.resolve("2/model.onnx");
        TestGateway.write(second, OnnxModels.identity(DataType.FP32, "m" + round, 4));
        if (awaitVersion(gateway, "2", end)) {
          Files.delete(second);
          Files.delete(second.getParent());
          if (awaitVersion(gateway, "1", end)) {
            reloads.incrementAndGet();
          }
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static boolean awaitVersion(TestGateway gateway, String version, long end) {
    while (System.nanoTime() < end) {
      ModelInferRequest.Builder request = Tensor.request("reloaded", Tensor.rows(1, 1));
      if (gateway.infer(request).getModelVersion().equals(version)) {
        return true;
      }
    }
    return false;
  }

  // --- load

  /** One client with a connection of its own. */
  private final class Caller implements Runnable {
    private final TestGateway gateway;
    private final Random random;
    private final long end;
    private final Semaphore open = new Semaphore(OPEN_CALLS);

    Caller(TestGateway gateway, Random random, long end) {
      this.gateway = gateway;
      this.random = random;
      this.end = end;
    }

    @Override
    public void run() {
      ManagedChannel channel = gateway.newChannel();
      try {
        while (System.nanoTime() < end) {
          open.acquireUninterruptibly();
          send(channel);
        }
        open.acquireUninterruptibly(OPEN_CALLS);
      } finally {
        TestGateway.closeChannel(channel);
      }
    }

    private void send(ManagedChannel channel) {
      Exchange exchange = exchange();
      byte[] message = exchange.request();
      CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(30, TimeUnit.SECONDS);
      boolean cancel = false;
      Set<Status.Code> allowed = exchange.allowed();
      switch (random.nextInt(20)) {
        case 0 -> {
          options =
              CallOptions.DEFAULT.withDeadlineAfter(random.nextInt(5000), TimeUnit.MICROSECONDS);
          // refused at once if a run is known to take longer
          allowed = and(allowed, Status.Code.DEADLINE_EXCEEDED);
          allowed = and(allowed, Status.Code.RESOURCE_EXHAUSTED);
        }
        case 1 -> {
          cancel = true;
          allowed = and(allowed, Status.Code.CANCELLED);
        }
        case 2 -> {
          message = message.clone();
          message[random.nextInt(Math.min(64, message.length))] ^= (byte) (1 << random.nextInt(8));
          allowed = Set.of(); // whatever it is now; but see UNKNOWN
        }
        default -> {}
      }
      ClientCall<byte[], byte[]> call = channel.newCall(MODEL_INFER, options);
      call.start(new Answer(exchange, allowed), new Metadata());
      call.request(2);
      call.sendMessage(message);
      if (cancel && random.nextBoolean()) {
        call.cancel("on purpose, before its end", null);
        return;
      }
      call.halfClose();
      if (cancel) {
        call.cancel("on purpose", null);
      }
    }

    private Exchange exchange() {
      int rows = 1 + random.nextInt(4);
      float first = random.nextInt(600);
      Tensor x = Tensor.rows(rows, -first);
      return switch (random.nextInt(8)) {
        case 0, 1 -> new Exchange("negate", x, negated(rows, first), Set.of(Status.Code.OK));
        case 2 ->
            new Exchange(
                "cumsum", Tensor.rows(1, first), Tensor.rows(1, first), Set.of(Status.Code.OK));
        case 3 -> {
          String[] words = new String[rows * 2];
          for (int i = 0; i < words.length; i++) {
            words[i] = "w".repeat(random.nextInt(40)) + i;
          }
          Tensor text = Tensor.strings("x", words, rows, 2);
          yield new Exchange("words", text, text, Set.of(Status.Code.OK));
        }
        case 4 -> {
          if (random.nextInt(4) > 0) {
            yield new Exchange("negate", x, negated(rows, first), Set.of(Status.Code.OK));
          }
          byte[] bytes = new byte[LARGE_WIDTH * 4];
          random.nextBytes(bytes);
          Tensor large = Tensor.of("x", DataType.FP32, ByteString.copyFrom(bytes), 1, LARGE_WIDTH);
          yield new Exchange("large", large, large, Set.of(Status.Code.OK));
        }
        case 5 -> {
          boolean poison = random.nextInt(10) == 0;
          Tensor sent = poison ? Tensor.rows(1, POISON) : x;
          yield new Exchange(
              "poisoned", sent, sent, Set.of(poison ? Status.Code.INTERNAL : Status.Code.OK));
        }
        case 6 ->
            new Exchange("slow", x, x, Set.of(Status.Code.OK, Status.Code.RESOURCE_EXHAUSTED));
        default -> new Exchange("reloaded", x, x, Set.of(Status.Code.OK));
      };
    }

    private Tensor negated(int rows, float first) {
      float[] values = new float[rows * 4];
      for (int i = 0; i < values.length; i++) {
        values[i] = -(-first + i); // and so -0 where it is 0
      }
      return Tensor.floats("y", values, rows, 4);
    }

    /** Verifies one answer. */
    private final class Answer extends ClientCall.Listener<byte[]> {
      private final Exchange exchange;
      private final Set<Status.Code> allowed;
      private byte[] message = {};

      Answer(Exchange exchange, Set<Status.Code> allowed) {
        this.exchange = exchange;
        this.allowed = allowed;
      }

      @Override
      public void onMessage(byte[] received) {
        message = received;
      }

      @Override
      public void onClose(Status status, Metadata trailers) {
        try {
          exchange.problem(status, message, allowed).ifPresent(surprises::add);
          AtomicLong count = outcomes.get(status.getCode());
          if (count != null) {
            count.incrementAndGet();
          }
        } catch (RuntimeException e) {
          surprises.add(e.toString());
        } finally {
          open.release();
        }
      }
    }
  }

  private static Set<Status.Code> and(Set<Status.Code> codes, Status.Code more) {
    Set<Status.Code> all = ConcurrentHashMap.newKeySet();
    all.addAll(codes);
    all.add(more);
    return all;
  }

  /**
   * A request and what is to come back.
   *
   * @param allowed statuses it may end with
   */
  private record Exchange(String model, Tensor input, Tensor output, Set<Status.Code> allowed) {

    byte[] request() {
      return Tensor.request(model, input).build().toByteArray();
    }

    /** What is wrong with an answer; {@code allowed} is empty if its request was garbled. */
    Optional<String> problem(Status status, byte[] message, Set<Status.Code> allowed) {
      if (status.getCode() == Status.Code.UNKNOWN
          || (!allowed.isEmpty() && !allowed.contains(status.getCode()))) {
        return Optional.of(model + ": " + status + " (expected " + allowed + ")");
      }
      if (allowed.isEmpty() || !status.isOk()) {
        return Optional.empty();
      }
      try {
        List<Tensor> answer = Tensor.of(ModelInferResponse.parseFrom(message));
        return answer.equals(List.of(output.named("y")))
            ? Optional.empty()
            : Optional.of(model + ": " + answer + " (expected " + output + ")");
      } catch (IOException e) {
        return Optional.of(model + ": " + e);
      }
    }
  }
}
