// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.model.Failure;
import io.grpc.Status;

/** The one place where a failure becomes a gRPC status. */
final class StatusMapper {
  private StatusMapper() {}

  static Status status(Failure failure) {
    return code(failure.kind()).withDescription(failure.detail());
  }

  private static Status code(Failure.Kind kind) {
    return switch (kind) {
      case NOT_FOUND -> Status.NOT_FOUND;
      case INVALID -> Status.INVALID_ARGUMENT;
      // clients retry UNAVAILABLE by default: right while a model loads or a gateway goes down...
      case NOT_READY, SHUTTING_DOWN -> Status.UNAVAILABLE;
      // ...and wrong under overload, which retries would make worse
      case OVERLOADED -> Status.RESOURCE_EXHAUSTED;
      case EXPIRED -> Status.DEADLINE_EXCEEDED;
      case CANCELLED -> Status.CANCELLED;
      case ENGINE -> Status.INTERNAL;
      case UNSUPPORTED -> Status.UNIMPLEMENTED;
    };
  }
}
