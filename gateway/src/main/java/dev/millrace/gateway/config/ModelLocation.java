// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A place that holds models. */
public sealed interface ModelLocation {

  /** A folder of this machine. */
  record Folder(Path path) implements ModelLocation {
    @Override
    public String toString() {
      return path.toString();
    }
  }

  /**
   * A part of a bucket.
   *
   * @param prefix without a slash at its ends; empty for the whole bucket
   * @param access where it says nothing, what holds for every bucket counts
   */
  record S3(String bucket, String prefix, S3Access access) implements ModelLocation {
    static final String SCHEME = "s3://";
    private static final Pattern URL =
        Pattern.compile(SCHEME + "([a-z0-9][a-z0-9.-]{1,62})(?:/(.*))?");

    public S3(String bucket, String prefix) {
      this(bucket, prefix, S3Access.NONE);
    }

    private static Optional<ModelLocation> of(LocationOptions options) throws ValueProblem {
      Matcher matcher = URL.matcher(options.url());
      if (!matcher.matches()) {
        return options.none();
      }
      String prefix = Optional.ofNullable(matcher.group(2)).orElse("").replaceAll("^/+|/+$", "");
      return Optional.of(new S3(matcher.group(1), prefix, S3Access.of(options)));
    }

    @Override
    public String toString() {
      return LocationOptions.join(
          SCHEME + bucket + (prefix.isEmpty() ? "" : "/" + prefix), access.options());
    }
  }

  /**
   * An MLflow server.
   *
   * @param server {@code http://host:5000}
   * @param access where it says nothing, what holds for every server counts
   */
  record Mlflow(URI server, MlflowAccess access) implements ModelLocation {
    static final String PREFIX = "mlflow+";

    public Mlflow(URI server) {
      this(server, MlflowAccess.NONE);
    }

    private static Optional<ModelLocation> of(LocationOptions options) throws ValueProblem {
      Optional<URI> server = ModelLocation.server(options.url().substring(PREFIX.length()));
      return server.isEmpty()
          ? options.none()
          : Optional.of(new Mlflow(server.get(), MlflowAccess.of(options)));
    }

    @Override
    public String toString() {
      return LocationOptions.join(PREFIX + server, access.options());
    }
  }

  static List<ModelLocation> folders(Path... paths) {
    return Arrays.stream(paths).map(path -> (ModelLocation) new Folder(path)).toList();
  }

  /**
   * Reads one; empty if it is none of these.
   *
   * @throws ValueProblem if it is one of these, and how it is to be reached is not understood
   */
  static Optional<ModelLocation> parse(String text, Path base) throws ValueProblem {
    if (text.startsWith(S3.SCHEME)) {
      return S3.of(LocationOptions.split(text, base));
    }
    if (text.startsWith(Mlflow.PREFIX)) {
      return Mlflow.of(LocationOptions.split(text, base));
    }
    if (text.isEmpty()) {
      return Optional.empty();
    }
    if (text.contains("://")) {
      return LocationOptions.split(text, base).none();
    }
    try {
      return Optional.of(new Folder(base.resolve(text)));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  /** Without credentials, which would be seen in logs. */
  static Optional<URI> server(String text) {
    try {
      URI uri = new URI(text.replaceAll("/+$", ""));
      boolean plain =
          uri.getHost() != null
              && uri.getUserInfo() == null
              && uri.getQuery() == null
              && uri.getFragment() == null
              && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()));
      return plain ? Optional.of(uri) : Optional.empty();
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
  }
}
