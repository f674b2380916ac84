// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.s3;

import dev.millrace.backends.remote.RemoteSource;
import dev.millrace.backends.remote.RemoteStatistics;
import dev.millrace.backends.repository.ListedFile;
import dev.millrace.backends.repository.UnknownVersionException;
import dev.millrace.backends.repository.VersionSelector;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Models below a prefix of a bucket, in the layouts of a directory: {@code model/version/…} and
 * {@code model/model.onnx}.
 *
 * <p>An object is known by its entity tag: it is read only if it still has the one that was listed,
 * so what is downloaded in pieces is one content. Checksums that the object carries are compared by
 * the client library.
 */
public final class S3Source implements RemoteSource {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration READ_TIMEOUT = Duration.ofSeconds(20);

  /** For a call up to its answer's head, repetitions included. */
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(60);

  private static final int PRECONDITION_FAILED = 412;

  /** Far above any repository. */
  private static final int MAX_OBJECTS = 1_000_000;

  private final String bucket;
  private final String prefix;
  private final String location;
  private final S3Client client;
  private final RemoteStatistics statistics;

  /**
   * @param prefix without a slash at its ends; empty for the whole bucket
   * @param endpoint of a server that is not Amazon's
   * @param region empty for where the AWS tools find it
   * @param key empty for what the AWS tools find
   */
  public S3Source(
      String bucket,
      String prefix,
      Optional<URI> endpoint,
      Optional<String> region,
      Optional<AccessKey> key,
      LongSupplier nanoClock) {
    this.statistics = new RemoteStatistics(nanoClock);
    this.bucket = bucket;
    this.prefix = prefix.isEmpty() ? "" : prefix + "/";
    this.location = "s3://" + bucket + "/" + prefix + endpoint.map(uri -> " at " + uri).orElse("");
    S3ClientBuilder builder =
        S3Client.builder()
            .httpClientBuilder(
                UrlConnectionHttpClient.builder()
                    .connectionTimeout(CONNECT_TIMEOUT)
                    .socketTimeout(READ_TIMEOUT))
            .overrideConfiguration(override -> override.apiCallTimeout(CALL_TIMEOUT));
    endpoint.ifPresent(
        uri -> {
          // a server of one's own seldom has a name for each bucket, and any region
          builder.endpointOverride(uri).forcePathStyle(true);
          builder.region(Region.of(region.orElse("us-east-1")));
        });
    region.ifPresent(name -> builder.region(Region.of(name)));
    key.ifPresent(given -> builder.credentialsProvider(given.provider()));
    this.client = builder.build();
  }

  @Override
  public String location() {
    return location;
  }

  @Override
  public List<RemoteModel> list() throws IOException {
    Map<String, List<ListedFile>> models = new TreeMap<>();
    for (S3Object object : objects(prefix)) {
      String name = object.key().substring(prefix.length());
      int slash = name.indexOf('/');
      if (slash > 0 && !name.startsWith(".")) {
        models
            .computeIfAbsent(name.substring(0, slash), model -> new ArrayList<>())
            .add(listed(object, name.substring(slash + 1)));
      }
    }
    return models.entrySet().stream()
        .map(model -> new RemoteModel(model.getKey(), model.getValue()))
        .toList();
  }

  @Override
  public Found find(String model, VersionSelector selector) throws IOException {
    String folder = prefix + model + "/";
    List<ListedFile> files =
        objects(folder).stream()
            .map(object -> listed(object, object.key().substring(folder.length())))
            .toList();
    if (files.isEmpty()) {
      throw new UnknownVersionException(
          "model '%s': not found in %s".formatted(model, location), false);
    }
    if (selector instanceof VersionSelector.Alias alias) {
      throw new UnknownVersionException(
          "model '%s': alias '%s' not found (%s knows no aliases)"
              .formatted(model, alias.name(), location),
          true);
    }
    return new Found(new RemoteModel(model, files), selector);
  }

  /** Those that are files: a console leaves empty objects that stand for folders. */
  private List<S3Object> objects(String from) throws IOException {
    ListObjectsV2Request request =
        ListObjectsV2Request.builder().bucket(bucket).prefix(from).build();
    try {
      List<S3Object> objects =
          client.listObjectsV2Paginator(request).contents().stream()
              .filter(object -> !object.key().endsWith("/"))
              .limit(MAX_OBJECTS + 1L)
              .toList();
      if (objects.size() > MAX_OBJECTS) {
        throw new IOException(location + ": more than " + MAX_OBJECTS + " objects");
      }
      statistics.reached();
      return objects;
    } catch (SdkException e) {
      throw failure(e);
    }
  }

  private static ListedFile listed(S3Object object, String name) {
    return new ListedFile(name, object.size(), object.lastModified().toEpochMilli(), object.eTag());
  }

  @Override
  public InputStream open(String model, ListedFile file, long offset) throws IOException {
    GetObjectRequest.Builder request =
        GetObjectRequest.builder()
            .bucket(bucket)
            .key(prefix + model + "/" + file.name())
            .ifMatch(file.revision());
    if (offset > 0) {
      request.range("bytes=" + offset + "-");
    }
    try {
      Download download = new Download(client.getObject(request.build()));
      statistics.reached();
      return download;
    } catch (NoSuchKeyException e) {
      throw new ChangedException(file.name() + " is gone");
    } catch (S3Exception e) {
      if (e.statusCode() == PRECONDITION_FAILED) {
        throw new ChangedException(file.name() + " is another one now");
      }
      throw failure(e);
    } catch (SdkException e) {
      throw failure(e);
    }
  }

  /** Closing one that was not read to its end would read the rest. */
  private static final class Download extends FilterInputStream {
    private final ResponseInputStream<GetObjectResponse> response;

    Download(ResponseInputStream<GetObjectResponse> response) {
      super(response);
      this.response = response;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      try {
        return super.read(buffer, offset, length);
      } catch (SdkException e) {
        throw new IOException(e.getMessage(), e); // a checksum that is wrong
      }
    }

    @Override
    public void close() {
      response.abort();
    }
  }

  private IOException failure(SdkException e) {
    if (!(e instanceof AbortedException) && !Thread.currentThread().isInterrupted()) {
      statistics.notReached(); // else it was us who ended the call
    }
    return new IOException(location + ": " + e.getMessage(), e);
  }

  @Override
  public RemoteStatistics statistics() {
    return statistics;
  }

  @Override
  public void close() {
    client.close();
  }
}
