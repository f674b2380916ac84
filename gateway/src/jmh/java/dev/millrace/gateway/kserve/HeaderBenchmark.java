// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.serving.Routes;
import io.grpc.InternalMetadata;
import io.grpc.Metadata;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What a request to a deployment pays for the header that it does not have. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class HeaderBenchmark {
  private final Map<String, Metadata.Key<String>> keys = new ConcurrentHashMap<>();
  private Metadata headers;

  @Setup
  public void make() {
    String[] sent = {
      "content-type", "application/grpc",
      "te", "trailers",
      "user-agent", "grpc-java-netty/1.85.1",
      "grpc-accept-encoding", "gzip",
      "grpc-timeout", "30S",
      "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    };
    byte[][] bytes = new byte[sent.length][];
    for (int i = 0; i < sent.length; i++) {
      bytes[i] = sent[i].getBytes(StandardCharsets.US_ASCII);
    }
    headers = InternalMetadata.newMetadata(sent.length / 2, bytes);
  }

  @Benchmark
  public @Nullable String lookForTheVersion() {
    return headers.get(
        keys.computeIfAbsent(
            Routes.VERSION_HEADER,
            name -> Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER)));
  }
}
