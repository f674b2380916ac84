// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import com.google.protobuf.Message;
import dev.millrace.backends.deployment.DeploymentException;
import dev.millrace.backends.registry.RegistryException;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import java.io.IOException;
import java.util.Objects;

/**
 * Something that can be asked of the administration, by gRPC and as JSON over HTTP: both are views
 * of this.
 *
 * @param method its gRPC method
 * @param httpMethod GET for what changes nothing
 * @param path below {@code /admin/v1}, with fields of the request in braces
 * @param body the field of the request that the body is; {@code *} for all of it, empty for none
 * @param summary in a few words
 */
record Verb<Q extends Message, R extends Message>(
    MethodDescriptor<Q, R> method,
    String httpMethod,
    String path,
    String body,
    String summary,
    Handler<Q, R> handler) {

  /** Does it. */
  interface Handler<Q, R> {
    R handle(Q request, String actor) throws DeploymentException, RegistryException, IOException;
  }

  /** The same, as long as calls are taken. */
  Verb<Q, R> through(Intake intake) {
    return new Verb<>(
        method,
        httpMethod,
        path,
        body,
        summary,
        (request, actor) -> {
          intake.enter();
          try {
            return handler.handle(request, actor);
          } finally {
            intake.leave();
          }
        });
  }

  boolean changesSomething() {
    return !httpMethod.equals("GET");
  }

  /** A request with nothing in it. */
  Q emptyRequest() {
    return prototype(method.getRequestMarshaller());
  }

  R emptyResponse() {
    return prototype(method.getResponseMarshaller());
  }

  private static <M> M prototype(MethodDescriptor.Marshaller<M> marshaller) {
    return Objects.requireNonNull(((PrototypeMarshaller<M>) marshaller).getMessagePrototype());
  }
}
