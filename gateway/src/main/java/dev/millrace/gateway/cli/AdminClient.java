// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import com.google.protobuf.ByteString;
import dev.millrace.proto.admin.v1.DeploymentServiceGrpc;
import dev.millrace.proto.admin.v1.EventServiceGrpc;
import dev.millrace.proto.admin.v1.PushHeader;
import dev.millrace.proto.admin.v1.PushVersionRequest;
import dev.millrace.proto.admin.v1.RegisteredVersion;
import dev.millrace.proto.admin.v1.RegistryServiceGrpc;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** One connection to a gateway's administration. */
final class AdminClient implements AutoCloseable {
  /** Below the 4 MiB that gRPC takes by default, and large enough for the disk. */
  private static final int PART_BYTES = 1 << 20;

  private final ManagedChannel channel;
  private final Channel named;
  private final Duration patience;

  AdminClient(String target, String token, String user, Duration patience) {
    this.patience = patience;
    channel = Grpc.newChannelBuilder(target, InsecureChannelCredentials.create()).build();
    Metadata headers = new Metadata();
    put(headers, "millrace-actor", user);
    put(headers, "authorization", token.isEmpty() ? "" : "Bearer " + token);
    named =
        ClientInterceptors.intercept(channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private static void put(Metadata headers, String name, String value) {
    if (!value.isEmpty()) {
      headers.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
    }
  }

  DeploymentServiceGrpc.DeploymentServiceBlockingStub deployments() {
    return DeploymentServiceGrpc.newBlockingStub(named)
        .withDeadlineAfter(patience.toMillis(), TimeUnit.MILLISECONDS);
  }

  RegistryServiceGrpc.RegistryServiceBlockingStub registry() {
    return RegistryServiceGrpc.newBlockingStub(named)
        .withDeadlineAfter(patience.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Without a deadline: some calls last until the caller has had enough. */
  EventServiceGrpc.EventServiceBlockingStub events() {
    return EventServiceGrpc.newBlockingStub(named);
  }

  /**
   * Sends a version's files.
   *
   * @param files in the header's order
   */
  RegisteredVersion push(PushHeader header, List<Path> files)
      throws IOException, InterruptedException {
    Answer answer = new Answer();
    var requests = RegistryServiceGrpc.newStub(named).pushVersion(answer);
    requests.onNext(PushVersionRequest.newBuilder().setHeader(header).build());
    byte[] part = new byte[PART_BYTES];
    for (Path file : files) {
      try (InputStream in = Files.newInputStream(file)) {
        for (int read = in.readNBytes(part, 0, part.length);
            read > 0 && answer.awaitReady();
            read = in.readNBytes(part, 0, part.length)) {
          requests.onNext(
              PushVersionRequest.newBuilder().setData(ByteString.copyFrom(part, 0, read)).build());
        }
      } catch (IOException e) {
        requests.onError(e);
        throw e;
      }
    }
    if (!answer.isOver()) {
      requests.onCompleted();
    }
    return answer.get();
  }

  /** The answer to a push, and a sender that does not run ahead of the network. */
  private static final class Answer
      implements ClientResponseObserver<PushVersionRequest, RegisteredVersion> {
    private final CompletableFuture<RegisteredVersion> version = new CompletableFuture<>();
    private final Semaphore ready = new Semaphore(0);

    @SuppressWarnings("NullAway.Init") // given before the first message
    private ClientCallStreamObserver<PushVersionRequest> stream;

    @Override
    public void beforeStart(ClientCallStreamObserver<PushVersionRequest> requests) {
      stream = requests;
      requests.setOnReadyHandler(ready::release);
    }

    /** False if there is an answer already. */
    boolean awaitReady() throws InterruptedException {
      while (!stream.isReady() && !version.isDone()) {
        ready.tryAcquire(1, TimeUnit.SECONDS);
      }
      return !version.isDone();
    }

    boolean isOver() {
      return version.isDone();
    }

    RegisteredVersion get() throws InterruptedException {
      try {
        return version.get();
      } catch (ExecutionException e) {
        if (e.getCause() instanceof StatusRuntimeException status) {
          throw status;
        }
        throw new IllegalStateException(e.getCause());
      }
    }

    @Override
    public void onNext(RegisteredVersion answered) {
      version.complete(answered);
    }

    @Override
    public void onError(Throwable failure) {
      version.completeExceptionally(failure);
      ready.release();
    }

    @Override
    public void onCompleted() {
      ready.release();
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
