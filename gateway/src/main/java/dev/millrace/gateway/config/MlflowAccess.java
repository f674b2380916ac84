// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/** Whose name and password, or which token, an MLflow server is shown. */
public record MlflowAccess(
    Optional<String> username, Optional<Path> passwordFile, Optional<Path> tokenFile) {

  /** Nobody's. */
  public static final MlflowAccess NONE =
      new MlflowAccess(Optional.empty(), Optional.empty(), Optional.empty());

  private static final String USERNAME = "username";
  private static final String PASSWORD_FILE = "password_file";
  private static final String TOKEN_FILE = "token_file";

  static MlflowAccess of(LocationOptions options) throws ValueProblem {
    options.requireKnown(List.of(USERNAME, PASSWORD_FILE, TOKEN_FILE));
    options.requireTogether(USERNAME, PASSWORD_FILE);
    MlflowAccess access =
        new MlflowAccess(
            options.text(USERNAME), options.path(PASSWORD_FILE), options.path(TOKEN_FILE));
    if (access.username.isPresent() && access.tokenFile.isPresent()) {
      throw new ValueProblem(
          "%s: both %s and %s (expected one)".formatted(options.url(), USERNAME, TOKEN_FILE));
    }
    return access;
  }

  /** These, or else those that hold for every server. */
  public MlflowAccess or(MlflowAccess other) {
    return equals(NONE) ? other : this;
  }

  SequencedMap<String, Optional<?>> options() {
    SequencedMap<String, Optional<?>> options = new LinkedHashMap<>();
    options.put(USERNAME, username);
    options.put(PASSWORD_FILE, passwordFile);
    options.put(TOKEN_FILE, tokenFile);
    return options;
  }
}
