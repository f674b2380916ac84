// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import io.grpc.Status;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/**
 * Who may change something: whoever has the token or, where none is configured, whoever is on this
 * machine. Everybody may look.
 */
final class Access {
  /** The header in which callers say who they are, for the log of changes. */
  static final String ACTOR_HEADER = "millrace-actor";

  private static final String BEARER = "Bearer ";
  private static final int MOST_ACTOR_LENGTH = 128;

  private final byte[] token;

  /**
   * @param token empty for none
   */
  Access(String token) {
    this.token = token.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Whether a change is allowed: OK, or why not.
   *
   * @param authorization the header of that name; null if there was none
   * @param from where the call is from; null if that is not known
   * @param forwarded whether a proxy says that it is somebody else's
   */
  Status check(@Nullable String authorization, @Nullable InetAddress from, boolean forwarded) {
    if (token.length == 0) {
      return from != null && from.isLoopbackAddress() && !forwarded
          ? Status.OK
          : Status.PERMISSION_DENIED.withDescription(
              "changes from other machines need a token, and none is configured"
                  + " (admin_token_file)");
    }
    if (authorization == null || !authorization.startsWith(BEARER)) {
      return Status.UNAUTHENTICATED.withDescription(
          "changes need a token (expected the header 'authorization: Bearer TOKEN')");
    }
    byte[] theirs = authorization.substring(BEARER.length()).getBytes(StandardCharsets.UTF_8);
    return MessageDigest.isEqual(theirs, token) // in constant time
        ? Status.OK
        : Status.UNAUTHENTICATED.withDescription("the token is another one");
  }

  /** Who is asking, as the log of changes has it: "anna at 10.0.0.7". */
  static String actor(@Nullable String said, @Nullable InetAddress from) {
    String host = from == null ? "somewhere" : from.getHostAddress();
    if (said == null || said.isBlank() || said.length() > MOST_ACTOR_LENGTH) {
      return host;
    }
    return said.replaceAll("[^\\x20-\\x7e]", "?") + " at " + host;
  }
}
