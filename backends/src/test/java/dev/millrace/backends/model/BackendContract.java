// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.EngineDevices;
import dev.millrace.backends.tensor.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** What every engine has to do, shown on a model that answers what it was sent. */
public abstract class BackendContract {

  protected abstract Backend backend();

  /** A model {@code x FP32[-1,4] → y FP32[-1,4]} with {@code y = x}. */
  protected abstract LoadedModel identity(ModelOptions options) throws ModelLoadException;

  /** A model file that this engine cannot load. */
  protected abstract ModelArtifact broken();

  @Test
  void isFoundAsAService() {
    assertThat(ServiceLoader.load(Backend.class).stream().map(found -> found.get().name()))
        .contains(backend().name());
  }

  @Test
  void hasANameAPlatformAndAFileName() {
    assertThat(backend().name()).isNotBlank();
    assertThat(backend().platform()).isNotBlank();
    assertThat(backend().defaultFileName()).isNotBlank();
  }

  @Test
  void runsOnTheProcessorWhateverElseThereIs() {
    EngineDevices devices = backend().devices();

    assertThat(devices.engine()).isNotBlank();
    assertThat(devices.devices().getFirst().device()).contains(Device.CPU);
    assertThat(devices.devices().getFirst().isUsable()).isTrue();
    assertThat(devices.devices())
        .allSatisfy(status -> assertThat(status.unusable().orElse("fine")).isNotBlank());
  }

  @Test
  void describesTheModel() throws Exception {
    try (LoadedModel model = identity(ModelOptions.DEFAULT)) {
      ModelSignature signature = model.signature();
      assertThat(signature.inputs()).hasToString("[x FP32[-1,4]]");
      assertThat(signature.outputs()).hasToString("[y FP32[-1,4]]");
      assertThat(signature.isBatched()).isTrue();
    }
  }

  @Test
  void answersOneRequest() throws Exception {
    try (LoadedModel model = identity(ModelOptions.DEFAULT);
        Runner runner = model.newRunner()) {
      OutputTensor[] outputs = runner.run(List.of(TestInputs.floats(1, 4, 1f, 2f, 3f, 4f)), 1);
      assertThat(outputs).hasSize(1);
      assertThat(outputs[0].dataType()).isEqualTo(DataType.FP32);
      assertThat(outputs[0].shape()).containsExactly(1, 4);
      assertThat(TestInputs.floatsOf(outputs[0])).containsExactly(1f, 2f, 3f, 4f);
    }
  }

  @Test
  void joinsTheRowsOfSeveralRequestsInOrder() throws Exception {
    try (LoadedModel model = identity(ModelOptions.DEFAULT);
        Runner runner = model.newRunner()) {
      OutputTensor[] outputs =
          runner.run(
              List.of(
                  TestInputs.floats(1, 4, 1, 2, 3, 4),
                  TestInputs.floats(2, 4, 5, 6, 7, 8, 9, 10, 11, 12),
                  TestInputs.floats(0, 4)),
              3);
      assertThat(outputs[0].shape()).containsExactly(3, 4);
      assertThat(outputs[0].rowOffset(1)).isEqualTo(16);
      assertThat(outputs[0].rowOffset(3)).isEqualTo(48);
      assertThat(TestInputs.floatsOf(outputs[0]))
          .containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    }
  }

  @Test
  void answersARequestWithoutRows() throws Exception {
    try (LoadedModel model = identity(ModelOptions.DEFAULT);
        Runner runner = model.newRunner()) {
      OutputTensor[] outputs = runner.run(List.of(TestInputs.floats(0, 4)), 0);
      assertThat(outputs[0].shape()).containsExactly(0, 4);
      assertThat(outputs[0].byteLength()).isZero();
    }
  }

  @Test
  void runsBatchesOfEverySizeAgainAndAgain() throws Exception {
    try (LoadedModel model = identity(ModelOptions.DEFAULT);
        Runner runner = model.newRunner()) {
      for (int round = 0; round < 3; round++) {
        for (int rows = 1; rows <= 300; rows += 7) {
          float[] values = new float[rows * 4];
          for (int i = 0; i < values.length; i++) {
            values[i] = i + round;
          }
          OutputTensor[] outputs = runner.run(List.of(TestInputs.floats(rows, 4, values)), rows);
          assertThat(TestInputs.floatsOf(outputs[0])).containsExactly(values);
        }
      }
    }
  }

  @Test
  void keepsToTheConfiguredBatchSize() throws Exception {
    try (LoadedModel model = identity(TestInputs.options(7))) {
      assertThat(model.signature().maxBatchSize()).isEqualTo(7);
    }
    try (LoadedModel model = identity(TestInputs.options(0))) {
      assertThat(model.signature().batching())
          .isEqualTo(new ModelSignature.Batching.Unbatched("configured"));
    }
  }

  @Test
  void saysHowTheTimeWent() throws Exception {
    try (LoadedModel model = identity(ModelOptions.DEFAULT);
        Runner runner = model.newRunner()) {
      runner.run(List.of(TestInputs.floats(1, 4, 1f, 2f, 3f, 4f)), 1);
      Runner.RunTimes times = runner.lastTimes();
      assertThat(times.runNanos()).isPositive();
      assertThat(times.gatherNanos()).isNotNegative();
      assertThat(times.collectNanos()).isNotNegative();
    }
  }

  @Test
  void runnersOfOneModelRunAtTheSameTime() throws Exception {
    try (LoadedModel model = identity(ModelOptions.DEFAULT);
        ExecutorService threads = Executors.newFixedThreadPool(2)) {
      List<Future<?>> done = new ArrayList<>();
      for (int thread = 0; thread < 2; thread++) {
        int seed = thread;
        done.add(
            threads.submit(
                () -> {
                  try (Runner runner = model.newRunner()) {
                    for (int i = 0; i < 2000; i++) {
                      float[] row = {seed, i, -i, seed * 1000f + i};
                      OutputTensor[] outputs = runner.run(List.of(TestInputs.floats(1, 4, row)), 1);
                      assertThat(TestInputs.floatsOf(outputs[0])).containsExactly(row);
                    }
                  }
                  return null;
                }));
      }
      for (Future<?> result : done) {
        result.get(60, TimeUnit.SECONDS);
      }
    }
  }

  @Test
  void terminatesNoRunButTheOneInProgress() throws Exception {
    try (LoadedModel model = identity(ModelOptions.DEFAULT);
        Runner runner = model.newRunner()) {
      runner.terminate();
      for (int i = 0; i < 3; i++) {
        OutputTensor[] outputs = runner.run(List.of(TestInputs.floats(1, 4, 1f, 2f, 3f, i)), 1);
        assertThat(TestInputs.floatsOf(outputs[0])).containsExactly(1f, 2f, 3f, i);
        runner.terminate();
        runner.terminate();
      }
    }
  }

  @Test
  void mayBeTerminatedAtAnyMoment() throws Exception {
    try (LoadedModel model = identity(ModelOptions.DEFAULT);
        Runner runner = model.newRunner()) {
      AtomicBoolean done = new AtomicBoolean();
      Thread terminator =
          Thread.ofPlatform()
              .start(
                  () -> {
                    while (!done.get()) {
                      runner.terminate();
                    }
                  });
      float[] row = {1, 2, 3, 4};
      try {
        for (int i = 0; i < 2000; i++) {
          try {
            OutputTensor[] outputs = runner.run(List.of(TestInputs.floats(1, 4, row)), 1);
            assertThat(TestInputs.floatsOf(outputs[0])).containsExactly(row);
          } catch (ModelRunException e) {
            assertThat(e.kind()).isEqualTo(Failure.Kind.ENGINE);
          }
        }
      } finally {
        done.set(true);
        terminator.join();
      }
      for (int i = 0; i < 3; i++) {
        OutputTensor[] outputs = runner.run(List.of(TestInputs.floats(1, 4, row)), 1);
        assertThat(TestInputs.floatsOf(outputs[0])).containsExactly(row);
      }
    }
  }

  @Test
  void refusesToCloseAModelInUse() throws Exception {
    LoadedModel model = identity(ModelOptions.DEFAULT);
    Runner runner = model.newRunner();
    assertThatThrownBy(model::close).isInstanceOf(IllegalStateException.class);
    runner.close();
    runner.close();
    runner.terminate();
    model.close();
    model.close();
    assertThatThrownBy(model::newRunner).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> runner.run(List.of(TestInputs.floats(1, 4, 1, 2, 3, 4)), 1))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void saysWhyAModelCannotBeLoaded() {
    assertThatThrownBy(() -> backend().load(broken(), ModelOptions.DEFAULT))
        .isInstanceOf(ModelLoadException.class)
        .message()
        .isNotBlank();
  }
}
