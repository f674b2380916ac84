// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import java.net.URI;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Where a bucket's server is, and whose key it is shown.
 *
 * @param keyId with {@code secretFile}; without both, it is looked for where the AWS tools do
 */
public record S3Access(
    Optional<URI> endpoint,
    Optional<String> region,
    Optional<String> keyId,
    Optional<Path> secretFile) {

  /** Amazon's, and whatever the AWS tools find. */
  public static final S3Access NONE =
      new S3Access(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

  private static final String ENDPOINT = "endpoint";
  private static final String REGION = "region";
  private static final String KEY_ID = "access_key_id";
  private static final String SECRET_FILE = "secret_access_key_file";

  static S3Access of(LocationOptions options) throws ValueProblem {
    options.requireKnown(List.of(ENDPOINT, REGION, KEY_ID, SECRET_FILE));
    options.requireTogether(KEY_ID, SECRET_FILE);
    return new S3Access(
        options.server(ENDPOINT),
        options.text(REGION),
        options.text(KEY_ID),
        options.path(SECRET_FILE));
  }

  SequencedMap<String, Optional<?>> options() {
    SequencedMap<String, Optional<?>> options = new LinkedHashMap<>();
    options.put(ENDPOINT, endpoint);
    options.put(REGION, region);
    options.put(KEY_ID, keyId);
    options.put(SECRET_FILE, secretFile);
    return options;
  }
}
