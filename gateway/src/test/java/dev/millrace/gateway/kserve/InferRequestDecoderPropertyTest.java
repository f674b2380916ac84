// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.millrace.backends.model.Failure;
import dev.millrace.proto.inference.ModelInferRequest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

/** The decoder against protobuf's own parser, on messages nobody wrote by hand. */
class InferRequestDecoderPropertyTest {
  /** Another one each time; to see a failure again, give its seed as -Dmillrace.test.seed=… */
  private static final long SEED = Long.getLong("millrace.test.seed", System.nanoTime());

  /** How many times as much to try; 1 takes a few seconds. */
  private static final int EFFORT = Integer.getInteger("millrace.test.effort", 1);

  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);
  private final RandomRequests requests = new RandomRequests(random);
  private final OddWire odd = new OddWire(random);
  private final InferRequestDecoder decoder = new InferRequestDecoder();
  private final InferRequestDecoder smallSteps =
      new InferRequestDecoder(StringCache.MAX_LENGTH + random.nextInt(8));

  @Test
  void readsWhatProtobufWrites() throws Exception {
    for (int i = 0; i < 3_000 * EFFORT; i++) {
      ModelInferRequest request = requests.next();

      assertThat(check(request.toByteArray())).as("seed %d, round %d", SEED, i).isTrue();
    }
  }

  @Test
  void readsTheSameFromTheOddestEncoding() {
    for (int i = 0; i < 5_000 * EFFORT; i++) {
      byte[] message = odd.encode(requests.next());

      assertThat(check(message)).as("seed %d, round %d", SEED, i).isTrue();
    }
  }

  @Test
  void readsTheSameWhetherItKnowsTheHeadOrNot() {
    for (int i = 0; i < 1_000 * EFFORT; i++) {
      ModelInferRequest first = requests.next();
      check(first.toByteArray());
      for (int j = 0; j < 5; j++) {
        ModelInferRequest other = requests.next();
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        message.writeBytes(first.toByteArray());
        if (j < 3) { // fields after the head that add to it and change it
          message.writeBytes(other.toByteArray());
        }
        check(message.toByteArray());
        check(first.toByteArray());
      }
    }
  }

  @Test
  void acceptsOfDamagedMessagesExactlyThoseThatProtobufAccepts() {
    int accepted = 0;
    for (int i = 0; i < 4_000 * EFFORT; i++) {
      byte[] message =
          random.nextBoolean() ? odd.encode(requests.next()) : requests.next().toByteArray();
      for (int j = 0; j < 4; j++) { // in a row: much of it is known from the time before
        if (check(damage(message))) {
          accepted++;
        }
      }
    }
    assertThat(accepted)
        .as("seed %d: both kinds are to occur", SEED)
        .isBetween(500, 15_500 * EFFORT);
  }

  @Test
  void staysCalmUnderRandomBytes() {
    long end = System.nanoTime() + 1_000_000_000L * EFFORT;
    int rounds = 0;
    while (System.nanoTime() < end) {
      byte[] message = new byte[random.nextInt(40)];
      random.nextBytes(message);
      for (int i = 0; i < message.length; i += 1 + random.nextInt(6)) {
        message[i] = (byte) (random.nextInt(1, 8) << 3 | 2); // now and then what begins a field
      }
      check(message);
      rounds++;
    }
    assertThat(rounds).isPositive();
  }

  /** Both parsers on one message; true if it is a request to serve. */
  private boolean check(byte[] message) {
    Optional<ModelInferRequest> parsed = parse(message);
    Optional<Decoded> expected = parsed.flatMap(Decoded::of);

    TransportStream stream = TransportStream.cut(message, random);
    InferRequest request = (random.nextBoolean() ? decoder : smallSteps).decode(stream);
    try {
      compare(request, message, parsed.isPresent(), expected);
      if (stream.closes() != (request.problem() == null ? 0 : 1)) {
        fail("closed %d times before its time: %s", stream.closes(), describe(message));
      }
    } finally {
      request.close();
      request.close(); // once is enough, twice does no harm
    }
    if (stream.closes() != 1 || !stream.isDetached()) {
      fail("closed %d times (expected once): %s", stream.closes(), describe(message));
    }

    try (InferRequest fromHeap = smallSteps.decode(new ByteArrayInputStream(message))) {
      compare(fromHeap, message, parsed.isPresent(), expected);
    }
    return expected.isPresent();
  }

  private static void compare(
      InferRequest request, byte[] message, boolean wellFormed, Optional<Decoded> expected) {
    Failure problem = request.problem();
    if (problem == null) {
      if (expected.isEmpty() || !expected.get().equals(Decoded.of(request))) {
        assertThat(Optional.of(Decoded.of(request))).as(describe(message)).isEqualTo(expected);
      }
      return;
    }
    boolean malformed = problem.detail().startsWith("malformed ModelInferRequest: ");
    if (malformed && wellFormed && problem.detail().contains(WireReader.ENDLESS_VARINT)) {
      assertThat(holdsEndlessVarint(message)).as(describe(message)).isTrue();
    } else if (malformed == wellFormed
        || expected.isPresent()
        || (problem.kind() != Failure.Kind.INVALID
            && (malformed || problem.kind() != Failure.Kind.UNSUPPORTED))) {
      fail("%s, but expected %s: %s", problem, expected, describe(message));
    }
  }

  private static String describe(byte[] message) {
    return "seed " + SEED + ", message " + HexFormat.of().formatHex(message);
  }

  /**
   * The one liberty of protobuf-java that we do not take: reading 64 bits in a hurry it looks only
   * at the lowest bit of a tenth byte, and takes a varint for ended that goes on.
   */
  private static boolean holdsEndlessVarint(byte[] message) {
    int unended = 0;
    for (byte next : message) {
      unended = next < 0 ? unended + 1 : 0;
      if (unended >= 10 && (next & 1) != 0) {
        return true;
      }
    }
    return false;
  }

  private static Optional<ModelInferRequest> parse(byte[] message) {
    try {
      return Optional.of(ModelInferRequest.parseFrom(message));
    } catch (InvalidProtocolBufferException malformed) {
      return Optional.empty();
    }
  }

  private byte[] damage(byte[] message) {
    byte[] damaged = message.clone();
    for (int i = random.nextInt(1, 4); i > 0 && damaged.length > 0; i--) {
      int at = random.nextInt(damaged.length);
      switch (random.nextInt(6)) {
        case 0 -> damaged[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> damaged[at] = (byte) random.nextInt();
        case 2 -> damaged = Arrays.copyOf(damaged, at);
        case 3 -> damaged[at]++;
        case 4 -> { // a piece of the message over another piece of it
          int from = random.nextInt(damaged.length);
          int length = Math.min(random.nextInt(8), damaged.length - Math.max(at, from));
          System.arraycopy(damaged, from, damaged, at, length);
        }
        default -> { // a byte too many
          byte[] longer = Arrays.copyOf(damaged, damaged.length + 1);
          System.arraycopy(damaged, at, longer, at + 1, damaged.length - at);
          damaged = longer;
        }
      }
    }
    return damaged;
  }
}
