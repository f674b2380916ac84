// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.DeviceStatus;
import dev.millrace.backends.device.EngineDevices;
import dev.millrace.backends.device.Placement;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.model.Padding;
import dev.millrace.backends.model.Runner;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.Test;

final class PlacerTest {
  private static final Device GPU_0 = Device.gpu(0);
  private static final Device GPU_1 = Device.gpu(1);
  private static final long MIB = 1 << 20;
  private static final DeviceStatus PROCESSOR = DeviceStatus.usable(Device.CPU, "CPU", "");

  private final ScriptedBackend backend = new ScriptedBackend();
  private Placer placer = new Placer(GpuLedger.unlimited());

  private void withGpus(Device... gpus) {
    with(Stream.of(gpus).map(gpu -> DeviceStatus.usable(gpu, "CUDA", "")).toList());
  }

  private void with(List<DeviceStatus> gpus) {
    List<DeviceStatus> all = new ArrayList<>(List.of(PROCESSOR));
    all.addAll(gpus);
    // a second provider for the same devices is none to place models with
    all.add(DeviceStatus.usable(Device.gpu(7), "TensorRT", ""));
    backend.devices = Optional.of(new EngineDevices("scripted", "here", all));
  }

  private void withoutDriver() {
    with(List.of(DeviceStatus.unusable(Device.Kind.GPU, "CUDA", "missing library: libcuda.so.1")));
  }

  private Placed load(String device) throws Exception {
    return load(device, 0, 0);
  }

  private Placed load(String device, long gpuMemoryBytes, long fileBytes) throws Exception {
    return load("m", 1, device, gpuMemoryBytes, fileBytes);
  }

  private Placed load(
      String model, long version, String device, long gpuMemoryBytes, long fileBytes)
      throws Exception {
    return placer.load(
        backend,
        new ModelArtifact(model, version, Path.of("nowhere"), fileBytes, Map.of()),
        new ModelOptions(
            OptionalInt.empty(),
            1,
            List.of(),
            List.of(),
            Placement.of(device).orElseThrow(),
            gpuMemoryBytes,
            Map.of(),
            Padding.NONE));
  }

  private static void assertIs(Placed placed, String note, Device... devices) {
    assertThat(placed.devices()).containsExactly(devices);
    assertThat(placed.note()).isEqualTo(note);
  }

  @Test
  void autoTakesAGpuWhereThereIsOne() throws Exception {
    withGpus(GPU_0, GPU_1);

    Placed placed = load("auto");

    assertIs(placed, "", GPU_0);
    assertThat(placed.describe()).isEqualTo("on gpu:0");
    assertThat(placed.model().runsOnCores()).isFalse();
    assertThat(backend.loads).containsExactly(GPU_0);
  }

  @Test
  void autoSaysWhyItRunsOnTheProcessorOfABuildForGpus() throws Exception {
    withoutDriver();

    Placed placed = load("auto");

    assertIs(placed, "not on a GPU: CUDA: missing library: libcuda.so.1", Device.CPU);
    assertThat(placed.describe())
        .isEqualTo("on cpu (not on a GPU: CUDA: missing library: libcuda.so.1)");
  }

  @Test
  void autoSaysNothingInABuildForProcessors() throws Exception {
    with(List.of(DeviceStatus.notInBuild(Device.Kind.GPU, "CUDA", "not in this build")));
    assertIs(load("auto"), "", Device.CPU);

    backend.devices = Optional.empty();
    assertIs(new PlacerTest().load("auto"), "", Device.CPU);
  }

  @Test
  void gpuFallsBackAndAlwaysSaysWhy() throws Exception {
    with(List.of(DeviceStatus.notInBuild(Device.Kind.GPU, "CUDA", "not in this build")));

    assertIs(load("gpu"), "not on a GPU: CUDA: not in this build", Device.CPU);
    assertIs(load("gpu:0"), "not on a GPU: gpu:0: CUDA: not in this build", Device.CPU);
  }

  @Test
  void aRequiredGpuThatIsNotThereIsARefusal() {
    withoutDriver();

    assertThatThrownBy(() -> load("require gpu"))
        .isInstanceOf(ModelLoadException.class)
        .hasMessage("device: require gpu: CUDA: missing library: libcuda.so.1");
    assertThat(backend.loads).isEmpty();
  }

  @Test
  void theProcessorIsTakenWithoutALookAtGpus() throws Exception {
    withGpus(GPU_0);

    assertIs(load("cpu"), "", Device.CPU);
  }

  @Test
  void aGpuThatThereIsNotIsNamed() {
    withGpus(GPU_0, GPU_1);

    assertThatThrownBy(() -> load("require gpu:3"))
        .hasMessage(
            "device: require gpu:3: gpu:3: there is none of that number (expected one of [gpu:0,"
                + " gpu:1])");
  }

  @Test
  void aGpuOfNoUseIsRefusedForItsOwnReason() {
    with(
        List.of(
            DeviceStatus.usable(GPU_0, "CUDA", ""),
            new DeviceStatus(
                Device.Kind.GPU,
                Optional.of(GPU_1),
                "CUDA",
                true,
                "",
                Optional.of("no code for its architecture"))));

    assertThatThrownBy(() -> load("require gpu:1"))
        .hasMessage("device: require gpu:1: gpu:1: no code for its architecture");
  }

  @Test
  void replicasAreSpreadOverTheGpusThatAreNamed() throws Exception {
    withGpus(GPU_0, GPU_1);

    Placed placed = load("gpu:0,1");
    List<Runner> runners = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      runners.add(placed.model().newRunner());
    }

    assertThat(backend.loads).as("one session each").containsExactly(GPU_0, GPU_1);
    assertThat(backend.runners).containsExactly(GPU_0, GPU_1, GPU_0, GPU_1);
    assertThat(runners.stream().map(Runner::sharedGpu))
        .containsExactly(
            OptionalInt.of(0), OptionalInt.of(1), OptionalInt.of(0), OptionalInt.of(1));

    // the one that has lost a runner gets the next
    runners.get(1).close();
    runners.get(1).close();
    placed.model().newRunner();
    assertThat(backend.runners.getLast()).isEqualTo(GPU_1);
  }

  @Test
  void theGpuWithTheMostMemoryLeftIsTaken() throws Exception {
    placer = new Placer(new GpuLedger(Map.of(GPU_0, 100 * MIB, GPU_1, 100 * MIB)));
    withGpus(GPU_0, GPU_1);

    assertIs(load("auto", 60 * MIB, 0), "", GPU_0);
    assertIs(load("auto", 0, 20 * MIB), "", GPU_1);
    assertIs(load("auto", 50 * MIB, 0), "", GPU_1);
  }

  @Test
  void whatDoesNotFitRunsOnTheProcessorOrNotAtAll() throws Exception {
    placer = new Placer(new GpuLedger(Map.of(GPU_0, 100 * MIB)));
    withGpus(GPU_0);
    load("another", 1, "gpu", 80 * MIB, 0);
    String reason =
        "gpu:0: needs about 40.0 MiB of its memory, and 20.0 MiB of 100.0 MiB are free"
            + " (gpu_memory_budget)";

    assertIs(load("auto", 0, 20 * MIB), "not on a GPU: " + reason, Device.CPU);
    assertThatThrownBy(() -> load("require gpu", 0, 60 * MIB))
        .isInstanceOf(ModelLoadException.class)
        .hasMessage(
            "device: require gpu: gpu:0: needs about 120.0 MiB of its memory, and 20.0 MiB of"
                + " 100.0 MiB are free (gpu_memory_budget)");
  }

  private Shortage shortage(ThrowableAssert.ThrowingCallable load) {
    return catchThrowableOfType(NoRoomException.class, load).shortage();
  }

  @Test
  void theNextVersionWaitsForTheMemoryOfTheOneBefore() throws Exception {
    placer = new Placer(new GpuLedger(Map.of(GPU_0, 100 * MIB)));
    withGpus(GPU_0);
    Placed first = load("m", 1, "auto", 80 * MIB, 0);

    Shortage shortage = shortage(() -> load("m", 2, "auto", 40 * MIB, 0));

    assertThat(shortage.reason())
        .isEqualTo(
            "gpu:0: needs about 40.0 MiB of its memory, and 20.0 MiB of 100.0 MiB are free"
                + " (gpu_memory_budget); another version of this model holds 80.0 MiB and goes"
                + " on: free memory, or set gpu_memory_budget");
    assertThat(shortage.mayPass()).isTrue();
    assertThat(backend.loads).as("no copy on the processor").containsExactly(GPU_0);
    assertThat(shortage.isOver().getAsBoolean()).isFalse();

    first.model().close();
    assertThat(shortage.isOver().getAsBoolean()).isTrue();
    assertIs(load("m", 2, "auto", 40 * MIB, 0), "", GPU_0);
  }

  @Test
  void theNextVersionRunsOnAnotherGpuThatHasRoom() throws Exception {
    placer = new Placer(new GpuLedger(Map.of(GPU_0, 100 * MIB, GPU_1, 100 * MIB)));
    withGpus(GPU_0, GPU_1);
    load("m", 1, "auto", 80 * MIB, 0);

    assertIs(load("m", 2, "auto", 40 * MIB, 0), "", GPU_1);
  }

  @Test
  void theNextVersionWaitsForNothingThatWouldNotBeEnough() throws Exception {
    placer = new Placer(new GpuLedger(Map.of(GPU_0, 100 * MIB)));
    withGpus(GPU_0);
    load("another", 1, "auto", 60 * MIB, 0);
    load("m", 1, "auto", 20 * MIB, 0);

    assertThat(load("m", 2, "auto", 50 * MIB, 0).devices()).containsExactly(Device.CPU);
  }

  @Test
  void whatIsBeingUnloadedIsWaitedForByAnyModel() throws Exception {
    placer = new Placer(new GpuLedger(Map.of(GPU_0, 100 * MIB)));
    withGpus(GPU_0);
    Placed another = load("another", 1, "auto", 80 * MIB, 0);
    another.leave();

    assertThat(shortage(() -> load("auto", 40 * MIB, 0)).reason())
        .endsWith("(gpu_memory_budget); 80.0 MiB are being freed");

    another.model().close();
    assertIs(load("auto", 40 * MIB, 0), "", GPU_0);
  }

  @Test
  void aModelThatRequiresAGpuWaitsForTheMemoryOfOthers() throws Exception {
    placer = new Placer(new GpuLedger(Map.of(GPU_0, 100 * MIB)));
    withGpus(GPU_0);
    Placed another = load("another", 1, "gpu", 80 * MIB, 0);

    Shortage shortage = shortage(() -> load("require gpu", 40 * MIB, 0));

    assertThat(shortage.reason())
        .isEqualTo(
            "device: require gpu: gpu:0: needs about 40.0 MiB of its memory, and 20.0 MiB of"
                + " 100.0 MiB are free (gpu_memory_budget)");
    another.model().close();
    assertThat(shortage.isOver().getAsBoolean()).isTrue();
    assertIs(load("require gpu", 40 * MIB, 0), "", GPU_0);
  }

  @Test
  void aModelOnSeveralGpusWaitsForAllOfThem() throws Exception {
    placer = new Placer(new GpuLedger(Map.of(GPU_0, 100 * MIB, GPU_1, 100 * MIB)));
    withGpus(GPU_0, GPU_1);
    Placed first = load("m", 1, "gpu:1", 80 * MIB, 0);

    Shortage shortage = shortage(() -> load("m", 2, "gpu:0,1", 40 * MIB, 0));
    assertThat(shortage.reason()).startsWith("gpu:1: needs about 40.0 MiB");

    first.model().close();
    assertThat(shortage.isOver().getAsBoolean()).isTrue();
    assertIs(load("m", 2, "gpu:0,1", 40 * MIB, 0), "", GPU_0, GPU_1);
  }

  @Test
  void aModelThatFailsOnTheGpuRunsOnTheProcessorAndLeavesNothingBehind() throws Exception {
    GpuLedger ledger = new GpuLedger(Map.of(GPU_0, 100 * MIB, GPU_1, 100 * MIB));
    placer = new Placer(ledger);
    withGpus(GPU_0, GPU_1);
    backend.full.add(GPU_1);

    assertIs(
        load("gpu:0,1", 60 * MIB, 0),
        "not on a GPU: gpu:1: its memory is full: the model was reckoned to need about 60.0 MiB,"
            + " and 100.0 MiB of 100.0 MiB (gpu_memory_budget) were free: out of memory",
        Device.CPU);

    assertThat(backend.openModels).hasValue(1);
    assertThat(ledger.freeBytes(GPU_0)).isEqualTo(100 * MIB);
    assertThat(ledger.freeBytes(GPU_1)).isEqualTo(100 * MIB);
  }

  @Test
  void aSessionThatCannotBeClosedKeepsNoMemoryReserved() throws Exception {
    GpuLedger ledger = new GpuLedger(Map.of(GPU_0, 100 * MIB, GPU_1, 100 * MIB));
    placer = new Placer(ledger);
    withGpus(GPU_0, GPU_1);
    Placed placed = load("gpu:0,1", 60 * MIB, 0);

    backend.refuseToClose = true;
    assertThatThrownBy(placed.model()::close).hasMessage("told to fail");

    assertThat(backend.openModels).hasValue(0);
    assertThat(ledger.freeBytes(GPU_0)).isEqualTo(100 * MIB);
    assertThat(ledger.freeBytes(GPU_1)).isEqualTo(100 * MIB);
  }

  @Test
  void aFullGpuIsARefusalWhereItIsRequired() {
    withGpus(GPU_0);
    backend.full.add(GPU_0);

    assertThatThrownBy(() -> load("require gpu", 60 * MIB, 0))
        .isInstanceOf(ModelLoadException.class)
        .hasMessage(
            "device: require gpu: gpu:0: its memory is full: the model was reckoned to need about"
                + " 60.0 MiB: out of memory");
  }

  @Test
  void aGpuThatWasLostIsNotTakenAgain() throws Exception {
    withGpus(GPU_0, GPU_1);
    placer.lost(new DeviceLoss(GPU_0, "gpu:0: lost: CUDA failure 719"));

    assertIs(load("auto"), "", GPU_1);
    assertIs(load("gpu:0"), "not on a GPU: gpu:0: lost: CUDA failure 719", Device.CPU);

    placer.lost(new DeviceLoss(GPU_1, "gpu:1: lost: CUDA failure 214"));
    assertIs(load("auto"), "not on a GPU: CUDA: gpu:0: lost: CUDA failure 719", Device.CPU);
  }

  @Test
  void aRunnerThatCannotBeMadeIsNotCounted() throws Exception {
    withGpus(GPU_0, GPU_1);
    Placed placed = load("gpu:0,1");
    backend.refuseRunners = true;
    assertThatThrownBy(() -> placed.model().newRunner()).hasMessage("told to fail");
    backend.refuseRunners = false;

    placed.model().newRunner();

    assertThat(backend.runners).containsExactly(GPU_0);
  }

  @Test
  void aReplicaThatTakesThePlaceOfTheFirstNeedsNoMemoryOfItsOwn() throws Exception {
    GpuLedger memory = new GpuLedger(Map.of(GPU_0, 100 * MIB));
    placer = new Placer(memory);
    withGpus(GPU_0);
    backend.ownWeights = true;
    Placed placed = load("gpu:0", 40 * MIB, 0);
    Runner first = placed.model().newRunner();
    placed.model().newRunner();

    first.close();
    placed.model().newRunner();

    assertThat(memory.freeBytes(GPU_0)).isEqualTo(20 * MIB);
  }

  @Test
  void eachFurtherReplicaWithWeightsOfItsOwnTakesMemoryAsTheFirstDid() throws Exception {
    GpuLedger memory = new GpuLedger(Map.of(GPU_0, 100 * MIB));
    placer = new Placer(memory);
    withGpus(GPU_0);
    backend.ownWeights = true;
    Placed placed = load("gpu:0", 40 * MIB, 0);

    placed.model().newRunner();
    assertThat(memory.freeBytes(GPU_0)).isEqualTo(60 * MIB);
    Runner second = placed.model().newRunner();
    assertThat(memory.freeBytes(GPU_0)).isEqualTo(20 * MIB);
    assertThatThrownBy(() -> placed.model().newRunner())
        .hasMessage(
            "one more replica, with weights of its own: gpu:0: needs about 40.0 MiB of its memory,"
                + " and 20.0 MiB of 100.0 MiB are free (gpu_memory_budget)");

    second.close();
    assertThat(memory.freeBytes(GPU_0)).isEqualTo(60 * MIB);
  }

  @Test
  void whatIsReservedForTheFirstReplicaGoesToTheNextWhenItHasLeft() throws Exception {
    GpuLedger memory = new GpuLedger(Map.of(GPU_0, 100 * MIB));
    placer = new Placer(memory);
    withGpus(GPU_0);
    backend.ownWeights = true;
    Placed placed = load("gpu:0", 40 * MIB, 0);
    Runner first = placed.model().newRunner();
    placed.model().newRunner();
    first.close();
    assertThat(memory.freeBytes(GPU_0)).isEqualTo(20 * MIB);

    placed.model().newUnattachedRunner();

    assertThat(memory.freeBytes(GPU_0)).isEqualTo(20 * MIB);
    assertThatThrownBy(() -> placed.model().newRunner()).hasMessageContaining("one more replica");
  }
}
