// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.threads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What Linux itself says of threads. */
@EnabledOnOs(OS.LINUX)
final class NicenessTest {
  @Test
  void aThreadGivesWayAndTheOneThatStartedItDoesNot() throws Exception {
    int mine = ThreadNiceness.mine();

    assertThat(onOther(NicenessTest::givenWay)).isEqualTo(Math.min(19, mine + 10));
    assertThat(ThreadNiceness.mine()).isEqualTo(mine);
  }

  @Test
  void whatAThreadStartsThatGivesWayServesAtFullSpeedIfAskedTo() throws Exception {
    int mine = ThreadNiceness.mine();
    int served =
        onOther(
            () -> {
              Niceness.giveWay();
              FutureTask<Integer> serving = new FutureTask<>(() -> ThreadNiceness.mine());
              Niceness.startServing(Thread.ofPlatform().unstarted(serving));
              return serving.get();
            });

    assertThat(served).isEqualTo(mine);
  }

  @Test
  void whoGivesWayLeavesTheCoreToShorterSlicesAtOnce() throws Exception {
    long mine = Slice.nanos(0);
    assumeTrue(
        mine > 0 && onOther(NicenessTest::longerSlice) > mine,
        "this kernel keeps no slices of threads, or they may not be set");
    FutureTask<Long> serving = new FutureTask<>(() -> Slice.nanos(0));

    long given =
        onOther(
            () -> {
              Niceness.giveWay();
              Niceness.startServing(Thread.ofPlatform().unstarted(serving));
              return Slice.nanos(0);
            });

    assertThat(given).isEqualTo(100_000_000).isGreaterThan(mine);
    assertThat(serving.get()).isEqualTo(mine);
    assertThat(Slice.nanos(0)).isEqualTo(mine);
  }

  @Test
  void whatGoesWrongThereIsThrownHere() {
    assertThatThrownBy(
            () ->
                Niceness.asServing(
                    () -> {
                      throw new IOException("no");
                    }))
        .isInstanceOf(IOException.class)
        .hasMessage("no");
  }

  @Test
  void compilersGiveWay() throws Exception {
    Compilers.giveWay();

    assertThat(compilers()).isNotEmpty().allMatch(niceness -> niceness > 0);
  }

  private static List<Integer> compilers() throws IOException {
    List<Integer> found = new ArrayList<>();
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
      for (Path thread : threads) {
        try {
          if (Files.readString(thread.resolve("comm")).matches("C[12] CompilerThre\\s*")) {
            found.add(ThreadNiceness.of(thread));
          }
        } catch (IOException e) {
          // a thread that has just ended
        }
      }
    }
    return found;
  }

  private static long longerSlice() {
    Slice.lengthen(0);
    return Slice.nanos(0);
  }

  private static int givenWay() throws IOException {
    Niceness.giveWay();
    return ThreadNiceness.mine();
  }

  private static <T> T onOther(Callable<T> task) throws InterruptedException, ExecutionException {
    FutureTask<T> future = new FutureTask<>(task);
    Thread.ofPlatform().start(future);
    return future.get();
  }
}
