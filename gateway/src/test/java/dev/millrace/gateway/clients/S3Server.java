// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.clients;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/**
 * A server that speaks S3 over a folder: versitygw.
 *
 * <p>It takes the credentials that {@code aws.accessKeyId} and {@code aws.secretAccessKey} hold,
 * which is where the client library looks first.
 */
public final class S3Server implements AutoCloseable {
  static final String KEY = "millrace";
  static final String SECRET = "millrace-secret";

  private final BackgroundProgram program;
  private final URI uri;

  private S3Server(BackgroundProgram program, URI uri) {
    this.program = program;
    this.uri = uri;
  }

  public static S3Server start(Path folder) throws Exception {
    return start(folder, BackgroundProgram.freePort());
  }

  public static S3Server start(Path folder, int port) throws Exception {
    System.setProperty("aws.accessKeyId", KEY);
    System.setProperty("aws.secretAccessKey", SECRET);
    Path objects = Files.createDirectories(folder.resolve("objects"));
    Provision provision =
        new GoProgram("github.com/versity/versitygw/cmd/versitygw", "v1.8.0")
            .provide(ProvisionCache.ofThisUser());
    return switch (provision) {
      case Provision.Installed installed ->
          new S3Server(
              BackgroundProgram.start(
                  List.of(
                      installed.program().toString(),
                      "--access",
                      KEY,
                      "--secret",
                      SECRET,
                      "--port",
                      "127.0.0.1:" + port,
                      "posix",
                      objects.toString()),
                  Map.of(),
                  port,
                  folder.resolve("s3.log")),
              URI.create("http://127.0.0.1:" + port));
      case Provision.Impossible impossible -> throw Skip.because("versitygw", impossible.reason());
    };
  }

  public URI uri() {
    return uri;
  }

  public S3Client client() {
    return S3Client.builder()
        .httpClientBuilder(UrlConnectionHttpClient.builder())
        .endpointOverride(uri)
        .forcePathStyle(true)
        .region(Region.US_EAST_1)
        .build();
  }

  @Override
  public void close() {
    program.close();
  }
}
