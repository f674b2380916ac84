// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.model.Failure;
import io.grpc.Metadata;
import io.grpc.Status;

/** The one place where a failure becomes a gRPC status. */
final class StatusMapper {
  /**
   * Bytes of a message on the wire at most. It travels in a header, percent-encoded; clients take
   * headers of 8 KiB, and a longer one costs them the connection and every call on it.
   */
  private static final int MOST_ENCODED_BYTES = 4096;

  /** What a client with retries waits for, in milliseconds; below 0 it does not try again. */
  static final Metadata.Key<String> RETRY_PUSHBACK =
      Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);

  private static final long NANOS_PER_MILLI = 1_000_000;

  private StatusMapper() {}

  /** What goes with the status: when to try again, if that is known. */
  static Metadata trailers(Failure failure) {
    Metadata trailers = new Metadata();
    long nanos = failure.retryAfterNanos();
    if (nanos != 0) {
      // rounded up: 0 would be at once
      long millis = nanos < 0 ? -1 : (nanos + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI;
      trailers.put(RETRY_PUSHBACK, Long.toString(millis));
    }
    return trailers;
  }

  static Status status(Failure failure) {
    return code(failure.kind()).withDescription(shortened(failure.detail()));
  }

  private static Status code(Failure.Kind kind) {
    return switch (kind) {
      case NOT_FOUND -> Status.NOT_FOUND;
      case INVALID -> Status.INVALID_ARGUMENT;
      // clients retry UNAVAILABLE by default: right while a model loads or a gateway goes down...
      case NOT_READY, SHUTTING_DOWN -> Status.UNAVAILABLE;
      // ...and what clients of Triton look for
      case TURNED_AWAY -> Status.UNAVAILABLE;
      // ...but wrong under overload, which retries would make worse
      case OVERLOADED -> Status.RESOURCE_EXHAUSTED;
      case EXPIRED -> Status.DEADLINE_EXCEEDED;
      case CANCELLED -> Status.CANCELLED;
      case ENGINE -> Status.INTERNAL;
      case UNSUPPORTED -> Status.UNIMPLEMENTED;
    };
  }

  /** The text as far as its encoded form fits. */
  static String shortened(String text) {
    int bytes = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      // gRPC sends printable ASCII as it is, every other byte of UTF-8 as three characters
      bytes += c >= ' ' && c < '~' && c != '%' ? 1 : c < 0x80 ? 3 : 9;
      if (bytes > MOST_ENCODED_BYTES) {
        int end = Character.isLowSurrogate(c) ? i - 1 : i;
        return text.substring(0, end) + "...";
      }
    }
    return text;
  }
}
