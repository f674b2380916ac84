// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.hooks;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Tells MLflow's deliveries from those of others, and each from its repetition: {@code v1,} and the
 * HMAC-SHA256 of {@code id.timestamp.body} under a secret that only MLflow and this gateway know.
 * Any thread.
 */
final class Deliveries {
  static final String ID = "X-MLflow-Delivery-Id";
  static final String TIMESTAMP = "X-MLflow-Timestamp";
  static final String SIGNATURE = "X-MLflow-Signature";

  /** What clocks may be apart, and what a delivery may take with its repetitions. */
  static final Duration TOLERANCE = Duration.ofMinutes(5);

  private static final String ALGORITHM = "HmacSHA256";
  private static final String VERSION = "v1,";
  private static final Pattern ID_FORM = Pattern.compile("[A-Za-z0-9_-]{1,64}");
  private static final Pattern SECONDS = Pattern.compile("[0-9]{1,12}");

  private final SecretKeySpec secret;
  private final InstantSource clock;

  /** A time may lie ahead by the tolerance, and goes on being good for as long again. */
  private final TakenDeliveries taken = new TakenDeliveries(2 * TOLERANCE.toSeconds());

  /** What is said of a delivery by its headers; empty where one is not there. */
  record Head(String id, String timestamp, String signature) {
    @Override
    public String toString() {
      return "delivery " + id; // without what must not be logged
    }
  }

  Deliveries(String secret, InstantSource clock) {
    this.secret = new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), ALGORITHM);
    this.clock = clock;
  }

  /**
   * Looks at all that can be told without the body.
   *
   * @throws RefusedException if it cannot be a delivery of now
   */
  void checkHead(Head head) throws RefusedException {
    if (head.signature().isEmpty()) {
      throw new RefusedException(
          HookOutcome.UNSIGNED,
          "no header %s (expected a webhook with a secret)".formatted(SIGNATURE));
    }
    require(ID, head.id(), ID_FORM, "1..64 letters, digits, - and _");
    require(TIMESTAMP, head.timestamp(), SECONDS, "seconds since 1970");
    long ageSeconds = nowSeconds() - Long.parseLong(head.timestamp());
    if (Math.abs(ageSeconds) > TOLERANCE.toSeconds()) {
      throw new RefusedException(
          HookOutcome.STALE,
          "%s: %s is %d s %s (expected within %d s of this machine's clock)"
              .formatted(
                  TIMESTAMP,
                  head.timestamp(),
                  Math.abs(ageSeconds),
                  ageSeconds > 0 ? "old" : "ahead",
                  TOLERANCE.toSeconds()));
    }
  }

  private static void require(String name, String value, Pattern form, String expected)
      throws RefusedException {
    if (!form.matcher(value).matches()) {
      throw new RefusedException(
          HookOutcome.MALFORMED, "%s: '%.80s' (expected %s)".formatted(name, value, expected));
    }
  }

  /**
   * Takes a delivery whose head was found good.
   *
   * @throws RefusedException if it is not MLflow's, or was taken before
   */
  void take(Head head, byte[] body) throws RefusedException {
    byte[] ours = (VERSION + sign(head, body)).getBytes(StandardCharsets.US_ASCII);
    byte[] theirs = head.signature().getBytes(StandardCharsets.UTF_8);
    if (!MessageDigest.isEqual(ours, theirs)) { // in constant time
      throw new RefusedException(
          HookOutcome.FORGED,
          "the signature is another one (expected that of the webhook's secret)");
    }
    taken.take(head.id(), nowSeconds());
  }

  private String sign(Head head, byte[] body) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(secret);
      mac.update((head.id() + "." + head.timestamp() + ".").getBytes(StandardCharsets.US_ASCII));
      return Base64.getEncoder().encodeToString(mac.doFinal(body));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
  }

  private long nowSeconds() {
    return clock.instant().getEpochSecond();
  }
}
