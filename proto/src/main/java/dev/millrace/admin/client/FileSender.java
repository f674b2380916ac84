// SPDX-License-Identifier: Apache-2.0
package dev.millrace.admin.client;

import com.google.protobuf.ByteString;
import dev.millrace.proto.admin.v1.PushHeader;
import dev.millrace.proto.admin.v1.PushVersionRequest;
import dev.millrace.proto.admin.v1.PushedFile;
import dev.millrace.proto.admin.v1.RegisteredVersion;
import dev.millrace.proto.admin.v1.RegistryServiceGrpc.RegistryServiceStub;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** One version's files on their way to a gateway, no faster than the network takes them. */
final class FileSender implements ClientResponseObserver<PushVersionRequest, RegisteredVersion> {
  /** Below the 4 MiB that gRPC takes by default, and large enough for the disk. */
  private static final int PART_BYTES = 1 << 20;

  /** A wake-up may come before the wait for it: looked after once more, then. */
  private static final long LOOK_AGAIN_MILLIS = 100;

  private final CompletableFuture<RegisteredVersion> answer = new CompletableFuture<>();
  private final Semaphore ready = new Semaphore(0);

  @SuppressWarnings("NullAway.Init") // given before the first message
  private ClientCallStreamObserver<PushVersionRequest> requests;

  /**
   * The header with what is to be known of the files, which are read for that.
   *
   * @param files by their names in the version, in the order in which they are sent
   */
  static PushHeader announce(PushHeader header, Map<String, Path> files) throws IOException {
    PushHeader.Builder announced = header.toBuilder().clearFiles();
    for (Map.Entry<String, Path> file : files.entrySet()) {
      announced.addFiles(
          PushedFile.newBuilder()
              .setName(file.getKey())
              .setSize(Files.size(file.getValue()))
              .setSha256(sha256(file.getValue())));
    }
    return announced.build();
  }

  private static String sha256(Path file) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
        in.transferTo(OutputStream.nullOutputStream());
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  RegisteredVersion send(RegistryServiceStub registry, PushHeader header, Iterable<Path> files)
      throws IOException, InterruptedException {
    registry.pushVersion(this);
    requests.onNext(PushVersionRequest.newBuilder().setHeader(header).build());
    try {
      for (Path file : files) {
        send(file);
      }
    } catch (IOException | InterruptedException e) {
      requests.cancel("not all was sent", e);
      throw e;
    }
    if (!answer.isDone()) {
      requests.onCompleted();
    }
    return result();
  }

  private void send(Path file) throws IOException, InterruptedException {
    byte[] part = new byte[PART_BYTES];
    try (InputStream in = Files.newInputStream(file)) {
      for (int read = in.readNBytes(part, 0, part.length);
          read > 0 && awaitReady();
          read = in.readNBytes(part, 0, part.length)) {
        requests.onNext(
            PushVersionRequest.newBuilder().setData(ByteString.copyFrom(part, 0, read)).build());
      }
    }
  }

  /** False if there is an answer already. */
  private boolean awaitReady() throws InterruptedException {
    while (!requests.isReady() && !answer.isDone()) {
      ready.tryAcquire(LOOK_AGAIN_MILLIS, TimeUnit.MILLISECONDS);
    }
    return !answer.isDone();
  }

  private RegisteredVersion result() throws InterruptedException {
    try {
      return answer.get();
    } catch (ExecutionException e) {
      throw AdminException.of(Status.fromThrowable(e.getCause()).asRuntimeException());
    } catch (InterruptedException e) {
      requests.cancel("nobody waits for the answer", e);
      throw e;
    }
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<PushVersionRequest> stream) {
    requests = stream;
    stream.setOnReadyHandler(ready::release);
  }

  @Override
  public void onNext(RegisteredVersion version) {
    answer.complete(version);
  }

  @Override
  public void onError(Throwable failure) {
    answer.completeExceptionally(failure);
    ready.release();
  }

  @Override
  public void onCompleted() {
    answer.completeExceptionally(
        new StatusRuntimeException(Status.INTERNAL.withDescription("no answer")));
    ready.release();
  }
}
