// SPDX-License-Identifier: Apache-2.0
package dev.millrace.admin.client;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;

/**
 * Why a gateway did not do what it was asked. The message is the server's own text; the kinds are
 * those that programs treat differently.
 */
public sealed class AdminException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private AdminException(StatusRuntimeException failure) {
    super(text(failure.getStatus()), failure);
  }

  /** What was asked cannot be: the text says which field, what it was and what was expected. */
  public static final class Invalid extends AdminException {
    private static final long serialVersionUID = 1L;

    private Invalid(StatusRuntimeException failure) {
      super(failure);
    }
  }

  /** There is no such deployment, model, version or alias. */
  public static final class NotFound extends AdminException {
    private static final long serialVersionUID = 1L;

    private NotFound(StatusRuntimeException failure) {
      super(failure);
    }
  }

  /** Somebody else has changed the deployment meanwhile: read it, and decide again. */
  public static final class Changed extends AdminException {
    private static final long serialVersionUID = 1L;

    private Changed(StatusRuntimeException failure) {
      super(failure);
    }
  }

  /** A version of that number is there, with another content. */
  public static final class AlreadyThere extends AdminException {
    private static final long serialVersionUID = 1L;

    private AlreadyThere(StatusRuntimeException failure) {
      super(failure);
    }
  }

  /** Something else has to be done first; the text says what. */
  public static final class NotYet extends AdminException {
    private static final long serialVersionUID = 1L;

    private NotYet(StatusRuntimeException failure) {
      super(failure);
    }
  }

  /**
   * The token is missing or another one, or there is none and the gateway is on another machine.
   */
  public static final class NotAllowed extends AdminException {
    private static final long serialVersionUID = 1L;

    private NotAllowed(StatusRuntimeException failure) {
      super(failure);
    }
  }

  /** No gateway answered, or not in time. */
  public static final class Unreachable extends AdminException {
    private static final long serialVersionUID = 1L;

    private Unreachable(StatusRuntimeException failure) {
      super(failure);
    }
  }

  static AdminException of(StatusRuntimeException failure) {
    return switch (failure.getStatus().getCode()) {
      case INVALID_ARGUMENT, OUT_OF_RANGE -> new Invalid(failure);
      case NOT_FOUND -> new NotFound(failure);
      case ABORTED -> new Changed(failure);
      case ALREADY_EXISTS -> new AlreadyThere(failure);
      case FAILED_PRECONDITION -> new NotYet(failure);
      case UNAUTHENTICATED, PERMISSION_DENIED -> new NotAllowed(failure);
      case UNAVAILABLE, DEADLINE_EXCEEDED -> new Unreachable(failure);
      case OK, CANCELLED, UNKNOWN, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL, DATA_LOSS ->
          new AdminException(failure);
    };
  }

  /** The status that the gateway answered. */
  public Status status() {
    return Status.fromThrowable(this);
  }

  private static String text(Status status) {
    String description = status.getDescription();
    return description == null ? status.getCode().name() : description;
  }
}
