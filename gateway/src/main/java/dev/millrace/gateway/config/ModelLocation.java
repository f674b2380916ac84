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
   */
  record S3(String bucket, String prefix) implements ModelLocation {
    private static final Pattern URL = Pattern.compile("s3://([a-z0-9][a-z0-9.-]{1,62})(?:/(.*))?");

    @Override
    public String toString() {
      return "s3://" + bucket + (prefix.isEmpty() ? "" : "/" + prefix);
    }
  }

  /**
   * An MLflow server.
   *
   * @param server {@code http://host:5000}
   */
  record Mlflow(URI server) implements ModelLocation {
    static final String PREFIX = "mlflow+";

    @Override
    public String toString() {
      return PREFIX + server;
    }
  }

  static List<ModelLocation> folders(Path... paths) {
    return Arrays.stream(paths).map(path -> (ModelLocation) new Folder(path)).toList();
  }

  /** Reads one; empty if it is none of these. */
  static Optional<ModelLocation> parse(String text, Path base) {
    if (text.startsWith("s3://")) {
      Matcher matcher = S3.URL.matcher(text);
      return matcher.matches()
          ? Optional.of(
              new S3(
                  matcher.group(1),
                  Optional.ofNullable(matcher.group(2)).orElse("").replaceAll("^/+|/+$", "")))
          : Optional.empty();
    }
    if (text.startsWith(Mlflow.PREFIX)) {
      return server(text.substring(Mlflow.PREFIX.length())).map(Mlflow::new);
    }
    if (text.isEmpty() || text.contains("://")) {
      return Optional.empty();
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
