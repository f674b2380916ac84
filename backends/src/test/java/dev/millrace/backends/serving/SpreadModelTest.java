// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;

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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
final class SpreadModelTest {
  private static final Device GPU = Device.gpu(0);

  /** One of whom two have to ask at once whether its runners share their weights. */
  private static final class MetModel implements LoadedModel {
    private final CyclicBarrier bothAsk = new CyclicBarrier(2);

    @Override
    public boolean sharesWeights() {
      try {
        bothAsk.await();
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
  void oneOfTwoReplicasThatComeAtOnceHasWhatIsReservedForTheModel() throws Exception {
    GpuLedger memory = new GpuLedger(Map.of(GPU, 100L));
    GpuClaim claim = memory.reserve(GPU, "m", 10).orElseThrow();
    LoadedModel spread =
        new SpreadModel(List.of(new SpreadModel.Share(claim, new MetModel())), memory);

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
