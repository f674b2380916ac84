// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.echo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.model.Backend;
import dev.millrace.backends.model.BackendContract;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.model.TestInputs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class EchoBackendTest extends BackendContract {
  @TempDir private Path folder;

  @Override
  protected Backend backend() {
    return new EchoBackend();
  }

  @Override
  protected LoadedModel identity(ModelOptions options) throws ModelLoadException {
    return backend().load(file(""), options);
  }

  @Override
  protected ModelArtifact broken() {
    return new ModelArtifact("missing", 1, folder.resolve("missing.echo"));
  }

  @Test
  void failsABatchThatHoldsThePoisonAndStaysUsable() throws Exception {
    try (LoadedModel model = load(Map.of("fail_when", "NaN"));
        Runner runner = model.newRunner()) {
      TestInputs good = TestInputs.floats(1, 4, 1, 2, 3, 4);
      TestInputs poison = TestInputs.floats(1, 4, 1, Float.NaN, 3, 4);
      assertThatThrownBy(() -> runner.run(List.of(good, poison), 2))
          .isInstanceOf(ModelRunException.class)
          .hasMessage("the input holds NaN");
      assertThat(runner.run(List.of(good), 1)[0].shape()).containsExactly(1, 4);
    }
  }

  @Test
  @Timeout(30)
  void hangsWhenToldToUntilItIsTerminated() throws Exception {
    for (String delay : List.of("park", "spin")) {
      try (LoadedModel model = load(Map.of("hang_when", "13", "delay", delay));
          Runner runner = model.newRunner()) {
        TestInputs good = TestInputs.floats(1, 4, 1, 2, 3, 4);
        TestInputs hanging = TestInputs.floats(1, 4, 1, 13, 3, 4);
        CompletableFuture<OutputTensor[]> run = new CompletableFuture<>();
        Thread thread =
            Thread.ofPlatform()
                .start(
                    () -> {
                      try {
                        run.complete(runner.run(List.of(good, hanging), 2));
                      } catch (ModelRunException e) {
                        run.completeExceptionally(e);
                      }
                    });
        assertThatThrownBy(() -> run.get(50, TimeUnit.MILLISECONDS))
            .isInstanceOf(TimeoutException.class);

        runner.terminate();
        thread.join();

        assertThatThrownBy(run::get)
            .hasCauseInstanceOf(ModelRunException.class)
            .hasMessageContaining("terminated");
        assertThat(runner.run(List.of(good), 1)[0].shape()).containsExactly(1, 4);
      }
    }
  }

  @Test
  void echoesStringsWithTheOffsetsOfTheirRows() throws Exception {
    try (LoadedModel model = load(Map.of("inputs", "s BYTES[-1]", "fail_when", "bad"));
        Runner runner = model.newRunner()) {
      TestInputs one = TestInputs.of(1, TestInputs.strings(new long[] {1}, "é"));
      TestInputs two = TestInputs.of(2, TestInputs.strings(new long[] {2}, "", "line\nbreak"));
      OutputTensor output = runner.run(List.of(one, two), 3)[0];
      assertThat(TestInputs.stringsOf(output)).containsExactly("é", "", "line\nbreak");
      assertThat(output.rowOffset(1)).isEqualTo(6);
      assertThat(output.rowOffset(2)).isEqualTo(10);
      TestInputs bad = TestInputs.of(1, TestInputs.strings(new long[] {1}, "bad"));
      assertThatThrownBy(() -> runner.run(List.of(bad), 1)).isInstanceOf(ModelRunException.class);
    }
  }

  @Test
  void takesAsLongAsItIsToldTo() throws Exception {
    Map<String, String> delays =
        Map.of("delay_micros_per_batch", "500", "delay_micros_per_row", "250", "delay", "spin");
    try (LoadedModel model = load(delays);
        Runner runner = model.newRunner()) {
      runner.run(List.of(TestInputs.floats(2, 4, 1, 2, 3, 4, 5, 6, 7, 8)), 2);
      assertThat(runner.lastTimes().runNanos()).isGreaterThanOrEqualTo(1_000_000);
    }
  }

  @Test
  void canAnswerARowTooMany() throws Exception {
    try (LoadedModel model = load(Map.of("wrong_shape", "true"));
        Runner runner = model.newRunner()) {
      assertThat(runner.run(List.of(TestInputs.floats(1, 4, 1, 2, 3, 4)), 1)[0].shape())
          .containsExactly(2, 4);
    }
  }

  @Test
  void saysWhyItIsNotBatched() throws Exception {
    try (LoadedModel model = load(Map.of("unbatched", "it was told so"))) {
      assertThat(model.signature().isBatched()).isFalse();
      assertThat(model.signature().maxBatchSize()).isZero();
    }
  }

  @Test
  void failsToLoadAsToldAndNamesAnUnknownOption() {
    assertThatThrownBy(() -> load(Map.of("load_failure", "no weights")))
        .isInstanceOf(ModelLoadException.class)
        .hasMessage("no weights");
    assertThatThrownBy(() -> load(Map.of("fail_wen", "1")))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("'fail_wen'")
        .hasMessageContaining("fail_when");
    assertThatThrownBy(() -> load(Map.of("inputs", "x FLOAT[-1]")))
        .isInstanceOf(ModelLoadException.class)
        .hasMessageContaining("x FLOAT[-1]");
  }

  @Test
  void readsItsSettingsFromTheFileToo() throws Exception {
    ModelArtifact artifact = file("inputs = a INT32[-1]; b INT64[]\noutputs = c INT32[-1]\n");
    try (LoadedModel model = new EchoBackend().load(artifact, ModelOptions.DEFAULT)) {
      assertThat(model.signature().inputs()).hasToString("[a INT32[-1], b INT64[]]");
      assertThat(model.signature().outputs()).hasToString("[c INT32[-1]]");
    }
  }

  @Test
  void lettingATestWatchEveryRun() throws Exception {
    List<Integer> seen = new ArrayList<>();
    try (LoadedModel model = new EchoBackend(seen::add).load(file(""), ModelOptions.DEFAULT);
        Runner runner = model.newRunner()) {
      runner.run(List.of(TestInputs.floats(2, 4, 1, 2, 3, 4, 5, 6, 7, 8)), 2);
      runner.run(List.of(TestInputs.floats(1, 4, 1, 2, 3, 4)), 1);
    }
    assertThat(seen).containsExactly(2, 1);
  }

  private LoadedModel load(Map<String, String> engine) throws ModelLoadException {
    return new EchoBackend().load(file(""), TestInputs.options(engine));
  }

  private ModelArtifact file(String text) {
    try {
      Path file = folder.resolve("model.echo");
      Files.writeString(file, text);
      return new ModelArtifact("test", 1, file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
