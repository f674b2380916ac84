// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.proto.admin.v1.RegisteredModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A gateway that is killed at random moments of everything it does to deployments, and started
 * again: {@code -Dmillrace.kills=30} for more of them, {@code -Dmillrace.kills.seed} for others.
 */
class KillTest {
  private static final int KILLS = Integer.getInteger("millrace.kills", 12);
  private static final long SEED = Long.getLong("millrace.kills.seed", 7);

  /** Of a file beside the model: as long as a push takes that can be killed. */
  private static final int MORE_BYTES = 8 << 20;

  private final Random random = new Random(SEED);
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final KillTally tally = new KillTally(SEED);

  @TempDir private Path folder;

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  @Test
  @Timeout(900)
  void afterAKillTheOldVersionAnswersOrTheNewOneAndNeverNothing() throws Exception {
    try (KilledGateway gateway = new KilledGateway(folder)) {
      push(gateway, 1);
      push(gateway, 2);
      KilledChanges.settle(gateway, 1, "first");
      long before = 1;
      for (KillMoment moment : moments()) {
        before = kill(gateway, moment, before);
      }
      assertThat(gateway.log()).doesNotContain("is damaged");
    }
    System.out.println(tally);
  }

  /** Each of them equally often, in random order. */
  private List<KillMoment> moments() {
    List<KillMoment> moments = new ArrayList<>();
    while (moments.size() < KILLS) {
      List<KillMoment> all = Arrays.asList(KillMoment.values());
      Collections.shuffle(all, random);
      moments.addAll(all);
    }
    return moments.subList(0, KILLS);
  }

  /** Kills it in a change of the version that serves; returns the one that serves then. */
  private long kill(KilledGateway gateway, KillMoment moment, long before) throws Exception {
    long pushed = highest(gateway) + 1;
    long next = 1 + random.nextLong(pushed - 2);
    KilledChange change =
        KilledChanges.of(moment, before, next < before ? next : next + 1, pushed, files(pushed));
    change.prepare(gateway);
    boolean answered = killIn(gateway, change, moment.nanos(random));
    long begin = System.nanoTime();
    gateway.restart();
    long answering = answers(gateway, change, KilledChanges.BY_NUMBER, answered);
    long nanos = System.nanoTime() - begin;
    long following = answers(gateway, change, KilledChanges.BY_ALIAS, answered);
    tally.add(moment, answered, answering != before || following != before, nanos);
    change.check(gateway, answered);

    long settled = tally.kills() % 2 == 0 ? 1 : 2;
    KilledChanges.settle(gateway, settled, "kill " + tally.kills());
    assertThat(gateway.unfinished()).as("left of %s", moment).isEmpty();
    assertThat(gateway.copies()).as("copies after %s", moment).isLessThan(10);
    return settled;
  }

  /** Returns whether the change was answered before. */
  private boolean killIn(KilledGateway gateway, KilledChange change, long afterNanos)
      throws Exception {
    var admin = gateway.admin();
    Future<Boolean> made =
        threads.submit(
            () -> {
              change.make(admin);
              return true;
            });
    long end = System.nanoTime() + afterNanos;
    while (System.nanoTime() < end) {
      LockSupport.parkNanos(end - System.nanoTime());
    }
    gateway.kill();
    try {
      return made.get(TestGateway.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      return false; // as it should: the gateway was killed
    }
  }

  /** The first request after the start has to be answered, by one of those who may. */
  private static long answers(
      KilledGateway gateway, KilledChange change, String deployment, boolean answered) {
    long version = gateway.answering(deployment);
    assertThat(change.mayAnswer(deployment, answered))
        .as("versions of '%s' after %s, answered: %s", deployment, change, answered)
        .contains(version);
    return version;
  }

  private void push(KilledGateway gateway, long number) throws Exception {
    Path model = files(number).get("model.onnx");
    assertThat(gateway.admin().push(KilledChanges.MODEL, model).getVersion()).isEqualTo(number);
  }

  private static long highest(KilledGateway gateway) {
    RegisteredModel model = gateway.admin().model(KilledChanges.MODEL);
    return model.getVersions(model.getVersionsCount() - 1).getVersion();
  }

  private Map<String, Path> files(long number) throws Exception {
    return Map.of(
        "model.onnx",
        Files.write(folder.resolve("model"), AddedNumber.model(number)),
        "more",
        Files.write(folder.resolve("more"), new byte[MORE_BYTES]));
  }
}
