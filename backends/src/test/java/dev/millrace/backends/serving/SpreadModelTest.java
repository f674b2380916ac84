// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelInputs;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
final class SpreadModelTest {
  private static final Device GPU = Device.gpu(0);
  private static final Device OTHER_GPU = Device.gpu(1);

  /** One of whom so many have to ask at once whether its runners share their weights. */
  private static final class MetModel implements LoadedModel {
    private final CyclicBarrier allAsk;

    MetModel(int asking) {
      allAsk = new CyclicBarrier(asking);
    }

    @Override
    public boolean sharesWeights() {
      try {
        allAsk.await();
        return false;
      } catch (InterruptedException | BrokenBarrierException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public ModelSignature signature() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Runner newRunner() {
      return new IdleRunner();
    }

    @Override
    public void close() {}
  }

  private static final class IdleRunner implements Runner {
    @Override
    public OutputTensor[] run(List<? extends ModelInputs> requests, int rows) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void terminate() {}

    @Override
    public RunTimes lastTimes() {
      return new RunTimes(0, 0, 0);
    }

    @Override
    public void close() {}
  }

  private static FutureTask<Runner> startRunner(LoadedModel model) {
    FutureTask<Runner> runner = new FutureTask<>(model::newRunner);
    Thread.ofPlatform().start(runner);
    return runner;
  }

  @Test
  void aReplicaForWhichOneGpuHasNoRoomGoesToAnother() {
    GpuLedger memory = new GpuLedger(Map.of(GPU, 10L, OTHER_GPU, 30L));
    SpreadModel spread =
        new SpreadModel(
            Stream.of(GPU, OTHER_GPU)
                .map(gpu -> memory.reserve(gpu, "m", 10).orElseThrow())
                .map(claim -> new SpreadModel.Share(claim, new MetModel(1)))
                .toList(),
            memory);

    List<Runner> runners = Stream.generate(spread::newRunner).limit(4).toList();

    assertThat(runners.stream().map(runner -> runner.sharedGpu().orElseThrow()))
        .containsExactly(0, 1, 1, 1);
    assertThatThrownBy(spread::newRunner)
        .isInstanceOf(NoReplicaException.class)
        .hasMessageContaining("gpu:0");
    runners.forEach(Runner::close);
    spread.close();
    assertThat(memory.freeBytes(GPU)).isEqualTo(10);
    assertThat(memory.freeBytes(OTHER_GPU)).isEqualTo(30);
  }

  @Test
  void oneOfTwoReplicasThatComeAtOnceHasWhatIsReservedForTheModel() throws Exception {
    GpuLedger memory = new GpuLedger(Map.of(GPU, 100L));
    GpuClaim claim = memory.reserve(GPU, "m", 10).orElseThrow();
    LoadedModel spread =
        new SpreadModel(List.of(new SpreadModel.Share(claim, new MetModel(2))), memory);

    FutureTask<Runner> one = startRunner(spread);
    FutureTask<Runner> another = startRunner(spread);
    Runner first = one.get();
    Runner second = another.get();

    assertThat(memory.freeBytes(GPU)).isEqualTo(80);
    first.close();
    second.close();
    assertThat(memory.freeBytes(GPU)).isEqualTo(90);
    spread.close();
    assertThat(memory.freeBytes(GPU)).isEqualTo(100);
  }
}
