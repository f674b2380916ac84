// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import dev.millrace.backends.registry.Upload;
import dev.millrace.proto.admin.v1.PushHeader;
import dev.millrace.proto.admin.v1.PushVersionRequest;
import dev.millrace.proto.admin.v1.RegisteredVersion;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One version that is being pushed by gRPC, which calls it from one thread at a time. */
final class Push implements StreamObserver<PushVersionRequest> {
  private static final Logger log = LoggerFactory.getLogger(Push.class);

  private final RegistryVerbs registry;
  private final StreamObserver<RegisteredVersion> answer;
  private final String actor;
  private @Nullable PushHeader header;
  private @Nullable Upload upload;
  private boolean over;

  Push(RegistryVerbs registry, StreamObserver<RegisteredVersion> answer, String actor) {
    this.registry = registry;
    this.answer = answer;
    this.actor = actor;
    // whoever else closes the call: what has arrived is not to be left
    ((ServerCallStreamObserver<RegisteredVersion>) answer).setOnCloseHandler(this::end);
  }

  @Override
  public void onNext(PushVersionRequest part) {
    if (over) {
      return;
    }
    try {
      Upload begun = upload;
      if (part.hasHeader() && begun == null) {
        header = part.getHeader();
        upload = registry.begin(part.getHeader());
      } else if (begun != null && !part.hasHeader()) {
        for (ByteBuffer bytes : part.getData().asReadOnlyByteBufferList()) {
          begun.write(bytes);
        }
      } else {
        throw Status.INVALID_ARGUMENT
            .withDescription("expected a header first, and then only data")
            .asRuntimeException();
      }
    } catch (Exception e) {
      end();
      answer.onError(AdminErrors.status(e));
    }
  }

  @Override
  public void onCompleted() {
    if (over) {
      return;
    }
    try {
      Upload complete = upload;
      PushHeader first = header;
      if (complete == null || first == null) {
        throw Status.INVALID_ARGUMENT.withDescription("no header").asRuntimeException();
      }
      RegisteredVersion version = registry.commit(first, complete, actor);
      end();
      answer.onNext(version);
      answer.onCompleted();
    } catch (Exception e) {
      end();
      answer.onError(AdminErrors.status(e));
    }
  }

  @Override
  public void onError(Throwable cancelled) {
    end();
  }

  private void end() {
    over = true;
    Upload begun = upload;
    upload = null;
    if (begun != null) {
      try {
        begun.close();
      } catch (IOException | UncheckedIOException e) {
        log.warn("what was pushed in vain cannot be deleted: {}", e.toString());
      }
    }
  }
}
