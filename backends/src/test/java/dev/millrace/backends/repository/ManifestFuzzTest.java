// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Timeout;

/** Whatever a configuration file holds, the reader answers with a manifest or with its problem. */
@Timeout(60)
final class ManifestFuzzTest {
  private static final int MUTATIONS = 500;
  private static final String LETTERS =
      "{}<>[]():,;\"'\\#-+.&*!|%@` \n\t\r0189xXeEfaZ_~\0\u00e4\ud83d";

  private static String mutate(String source, Random random) {
    StringBuilder text = new StringBuilder(source);
    for (int edits = 1 + random.nextInt(6); edits > 0; edits--) {
      int at = random.nextInt(text.length() + 1);
      int end = Math.min(text.length(), at + 1 + random.nextInt(12));
      switch (random.nextInt(5)) {
        case 0 -> text.delete(at, end);
        case 1 -> text.insert(at, LETTERS.charAt(random.nextInt(LETTERS.length())));
        case 2 -> text.insert(random.nextInt(text.length() + 1), text.substring(at, end));
        case 3 -> text.setLength(at);
        default -> {
          if (at < text.length()) {
            text.setCharAt(at, LETTERS.charAt(random.nextInt(LETTERS.length())));
          }
        }
      }
      if (text.isEmpty()) {
        text.append(source);
      }
    }
    return text.toString();
  }

  private interface Parser {
    ModelManifest parse(String text) throws ManifestException;
  }

  private static void fuzz(String valid, Parser parser, RepetitionInfo repetition) {
    Random random = new Random(repetition.getCurrentRepetition());
    for (int i = 0; i < MUTATIONS; i++) {
      String mutant = mutate(valid, random);
      try {
        ModelManifest manifest = parser.parse(mutant);
        assertThat(manifest.replicas()).isBetween(1, 64);
        assertThat(manifest.options().threads()).isPositive();
      } catch (ManifestException e) {
        assertThat(e.getMessage()).isNotBlank();
      } catch (RuntimeException | Error e) {
        throw new AssertionError("on\n" + mutant, e);
      }
    }
  }

  @RepeatedTest(4)
  void yaml(RepetitionInfo repetition) {
    fuzz(
        YamlManifestTest.EVERYTHING,
        text -> new YamlManifest(Set.of("onnxruntime")).parse(text),
        repetition);
  }

  @RepeatedTest(4)
  void pbtxt(RepetitionInfo repetition) {
    fuzz(
        PbtxtManifestTest.USUAL,
        text -> new PbtxtManifest("m", Set.of("onnxruntime")).parse(text),
        repetition);
  }
}
