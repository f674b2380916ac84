// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.millrace.backends.repository.UnknownVersionException;
import dev.millrace.backends.repository.VersionSelector;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A registry that hangs, fails or is slow, and for how long it is waited for and left alone. */
@Timeout(30)
final class PatientSourceTest {
  private static final VersionSelector ONE = new VersionSelector.Exactly(1);

  /** Waits so long that only what hangs is too slow, and so short that a test can. */
  private static final Patience PATIENCE =
      new Patience(
          Duration.ofMillis(500),
          Duration.ofMillis(500),
          Duration.ofSeconds(1),
          Duration.ofSeconds(60),
          Duration.ofSeconds(30),
          Duration.ofMinutes(10));

  private final AtomicLong nanos = new AtomicLong();
  private final ScriptedSource registry = new ScriptedSource(nanos::get);
  private final PatientSource source = new PatientSource(registry, PATIENCE, nanos::get);
  private final CountDownLatch end = new CountDownLatch(1);

  @AfterEach
  void closes() {
    end.countDown();
    source.close();
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  private void hang() {
    registry.stalls.put(ScriptedSource.QUESTIONS, end);
  }

  private void failsToFind(String model, String reason) {
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> source.find(model, ONE))
        .withMessageContaining(reason);
  }

  @Test
  void oneThatHangsIsWaitedForOnceAndThenLeftAlone() {
    registry.put("m/1/model.onnx", new byte[1]);
    hang();
    failsToFind("m", "scripted: no answer within 500 ms");

    failsToFind("m", "scripted: no answer within 500 ms");
    failsToFind("another", "scripted: no answer within 500 ms");

    assertThat(registry.questions).as("only the first was asked").hasValue(1);
    assertThat(source.statistics().isUnreachable()).isTrue();
    assertThat(source.statistics().snapshot().failures()).isEqualTo(1);
    assertThat(source.statistics().snapshot().pauseNanos())
        .isEqualTo(Duration.ofSeconds(1).toNanos());
  }

  @Test
  void anAnswerThatComesLateIsGivenToWhoAsksAgain() throws IOException {
    registry.put("m/1/model.onnx", new byte[1]);
    hang();
    failsToFind("m", "no answer");

    end.countDown();
    await().until(() -> source.statistics().snapshot().pauseNanos() == 0);

    assertThat(source.find("m", ONE).model().name()).isEqualTo("m");
    assertThat(registry.questions).hasValue(1);
    source.find("m", ONE);
    assertThat(registry.questions).as("an answer is given once").hasValue(2);
  }

  @Test
  void aQuestionThatNeverEndsIsAskedAnewAtLast() throws IOException {
    registry.put("m/1/model.onnx", new byte[1]);
    hang();
    failsToFind("m", "no answer");
    pass(PATIENCE.longest().minusNanos(1));
    failsToFind("m", "no answer");
    assertThat(registry.questions).hasValue(1);
    registry.stalls.clear();

    pass(Duration.ofNanos(1));

    assertThat(source.find("m", ONE).model().name()).isEqualTo("m");
    assertThat(registry.questions).hasValue(2);
  }

  @Test
  void aListingThatIsLateHoldsUpNothingElse() throws IOException {
    registry.put("m/1/model.onnx", new byte[1]);
    hang();
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(source::list)
        .withMessageContaining("no answer within 500 ms");
    registry.stalls.clear();

    assertThat(source.find("m", ONE).model().name()).isEqualTo("m");

    assertThatExceptionOfType(IOException.class)
        .as("nobody waits for it again")
        .isThrownBy(source::list)
        .withMessageContaining("no answer within 500 ms");
    assertThat(registry.questions).hasValue(2);
    end.countDown();
    await().ignoreExceptions().until(() -> source.list().size() == 1);
    assertThat(registry.questions).as("the late one is taken").hasValue(2);
  }

  @Test
  void anAnswerThatNobodyFetchedIsNotKeptForLong() throws IOException {
    registry.put("m/1/model.onnx", new byte[1]);
    hang();
    failsToFind("m", "no answer");
    end.countDown();
    await().until(() -> source.statistics().snapshot().pauseNanos() == 0);

    pass(PATIENCE.keep().plusNanos(1));
    source.find("m", ONE);

    assertThat(registry.questions).hasValue(2);
  }

  @Test
  void oneThatFailsIsLeftAloneForAWhileThatGrowsUpToAMinute() {
    registry.isReachable = false;
    List<Long> pauses = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      failsToFind("m", "Connection refused");
      failsToFind("m", "Connection refused");
      pauses.add(source.statistics().snapshot().pauseNanos() / 1_000_000_000);
      pass(Duration.ofNanos(source.statistics().snapshot().pauseNanos()));
    }

    assertThat(pauses).containsExactly(1L, 2L, 4L, 8L, 16L, 32L, 60L, 60L);
    assertThat(registry.questions).as("one each time").hasValue(8);
  }

  @Test
  void oneThatAnswersAgainIsAskedAsEver() throws IOException {
    registry.put("m/1/model.onnx", new byte[1]);
    registry.isReachable = false;
    failsToFind("m", "Connection refused");
    registry.isReachable = true;
    pass(Duration.ofSeconds(1));

    source.find("m", ONE);
    source.find("m", ONE);

    assertThat(source.statistics().snapshot().pauseNanos()).isZero();
    registry.isReachable = false;
    failsToFind("m", "Connection refused");
    assertThat(source.statistics().snapshot().pauseNanos())
        .as("the first pause again")
        .isEqualTo(Duration.ofSeconds(1).toNanos());
  }

  @Test
  void thatAModelIsNotThereIsAnAnswer() throws IOException {
    assertThatExceptionOfType(UnknownVersionException.class)
        .isThrownBy(() -> source.find("m", ONE));
    registry.put("m/1/model.onnx", new byte[1]);

    assertThat(source.find("m", ONE).model().name()).isEqualTo("m");
    assertThat(source.statistics().snapshot().failures()).isZero();
  }

  @Test
  void aListingThatFailsIsAFailure() {
    registry.isReachable = false;

    assertThatExceptionOfType(IOException.class).isThrownBy(source::list);
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(source::list)
        .withMessage("Connection refused");

    assertThat(registry.questions).hasValue(1);
  }
}
