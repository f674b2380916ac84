// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.mlflow;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** What a request to the server is to carry in its {@code Authorization} header. */
public final class Credentials {
  public static final Credentials NONE = new Credentials("");

  private final String header;

  private Credentials(String header) {
    this.header = header;
  }

  public static Credentials basic(String user, String password) {
    byte[] both = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
    return new Credentials("Basic " + Base64.getEncoder().encodeToString(both));
  }

  public static Credentials bearer(String token) {
    return new Credentials("Bearer " + token);
  }

  /** Empty for none. */
  String header() {
    return header;
  }

  /** Not what it holds. */
  @Override
  public String toString() {
    return header.isEmpty() ? "none" : "given";
  }
}
