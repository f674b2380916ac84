// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives a status to what goes wrong in services on generated stubs, where gRPC by itself says
 * UNKNOWN and nothing else: a message that cannot be parsed is INVALID_ARGUMENT, anything that a
 * handler throws INTERNAL.
 */
final class FaultStatus implements ServerInterceptor {
  private static final Logger log = LoggerFactory.getLogger(FaultStatus.class);

  private FaultStatus() {}

  /** The same service; its messages are parsed where a failure to do so can be told. */
  static ServerServiceDefinition around(ServerServiceDefinition service) {
    return ServerInterceptors.intercept(
        ServerInterceptors.useInputStreamMessages(service), new FaultStatus());
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {
      private boolean failed;

      @Override
      public void onMessage(Q message) {
        if (failed) {
          return;
        }
        try {
          super.onMessage(message);
        } catch (RuntimeException e) {
          fail(malformed(e));
        }
      }

      @Override
      public void onHalfClose() {
        if (failed) {
          return;
        }
        try {
          super.onHalfClose();
        } catch (RuntimeException e) {
          log.error("{} failed", call.getMethodDescriptor().getFullMethodName(), e);
          fail(Status.INTERNAL.withDescription("the gateway failed: " + e));
        }
      }

      private void fail(Status status) {
        failed = true;
        if (!call.isCancelled()) {
          call.close(status, new Metadata());
        }
      }

      private Status malformed(RuntimeException thrown) {
        Throwable cause = thrown.getCause() != null ? thrown.getCause() : thrown;
        return Status.INVALID_ARGUMENT.withDescription(
            "malformed request of "
                + call.getMethodDescriptor().getBareMethodName()
                + ": "
                + cause.getMessage());
      }
    };
  }
}
