// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import dev.millrace.backends.deployment.DeploymentException;
import dev.millrace.backends.registry.RegistryException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one place where what goes wrong in administration becomes a gRPC status. */
final class AdminErrors {
  private static final Logger log = LoggerFactory.getLogger(AdminErrors.class);

  private AdminErrors() {}

  static StatusRuntimeException status(Throwable failure) {
    Status status =
        switch (failure) {
          case DeploymentException e ->
              switch (e.kind()) {
                case INVALID -> Status.INVALID_ARGUMENT;
                case NOT_FOUND -> Status.NOT_FOUND;
                case CHANGED -> Status.ABORTED;
                case PRECONDITION -> Status.FAILED_PRECONDITION;
                case STORAGE -> Status.INTERNAL;
              };
          case RegistryException e ->
              switch (e.kind()) {
                case INVALID -> Status.INVALID_ARGUMENT;
                case NOT_FOUND -> Status.NOT_FOUND;
                case CONFLICT -> Status.ALREADY_EXISTS;
                case IN_USE -> Status.FAILED_PRECONDITION;
                case DAMAGED -> Status.DATA_LOSS;
                case NO_ROOM -> Status.RESOURCE_EXHAUSTED;
              };
          case StatusRuntimeException e -> e.getStatus();
          case IOException e -> Status.INTERNAL;
          default -> {
            log.error("an admin call failed", failure);
            yield Status.INTERNAL;
          }
        };
    if (failure instanceof StatusRuntimeException e) {
      return e;
    }
    String message = failure.getMessage();
    return status
        .withDescription(message == null ? failure.toString() : message)
        .asRuntimeException();
  }
}
