// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import ai.onnxruntime.OrtSession;
import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.DeviceStatus;
import dev.millrace.backends.device.Processor;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class OnnxDevicesTest {
  private static final Processor PROCESSOR = new Processor("AMD EPYC", 2);

  private static List<DeviceStatus> of(FakeProbe probe) {
    return new OnnxDevices(probe, PROCESSOR).find().devices();
  }

  private static DeviceStatus cuda(FakeProbe probe) {
    return of(probe).get(1);
  }

  private static FakeProbe cudaBuild() {
    return new FakeProbe().with(OrtProvider.CUDA);
  }

  @Test
  void aBuildForProcessorsSaysWhatItLacks() {
    String reason = "not in this build of ONNX Runtime (it has CPU)";

    assertThat(of(new FakeProbe()))
        .containsExactly(
            DeviceStatus.usable(Device.CPU, "CPU", "AMD EPYC, 2 cores"),
            DeviceStatus.notInBuild(Device.Kind.GPU, "CUDA", reason),
            DeviceStatus.notInBuild(Device.Kind.GPU, "TensorRT", reason),
            DeviceStatus.notInBuild(Device.Kind.CPU, "OpenVINO", reason));
  }

  @Test
  void findsEachGpu() {
    assertThat(of(cudaBuild().failing("", "")))
        .filteredOn(status -> status.provider().equals("CUDA"))
        .containsExactly(
            DeviceStatus.usable(Device.gpu(0), "CUDA", ""),
            DeviceStatus.usable(Device.gpu(1), "CUDA", ""));
  }

  @Test
  void oneGpuThatIsOfNoUseDoesNotHideTheOthers() {
    List<DeviceStatus> gpus =
        of(cudaBuild().failing(RecordedFailures.NO_KERNEL, "")).stream()
            .filter(status -> status.provider().equals("CUDA"))
            .toList();

    assertThat(gpus).extracting(DeviceStatus::isUsable).containsExactly(false, true);
    assertThat(gpus)
        .extracting(DeviceStatus::device)
        .containsExactly(Optional.of(Device.gpu(0)), Optional.of(Device.gpu(1)));
  }

  @Test
  void namesAllLibrariesThatAreMissingWhereTheRuntimeNamesOne() {
    assertThat(cuda(cudaBuild().failing(RecordedFailures.MISSING_LIBRARY)).unusable())
        .contains("missing library: libcublasLt.so.13");
    assertThat(
            cuda(cudaBuild()
                    .failing(RecordedFailures.MISSING_LIBRARY)
                    .lacking("libcublasLt.so.13", "libcuda.so.1"))
                .unusable())
        .contains(
            "missing libraries: libcublasLt.so.13, libcuda.so.1; libcuda.so.1 is NVIDIA's driver:"
                + " none is installed");
  }

  @Test
  void nothingIsTriedWithoutADriver() {
    String driver = "libcuda.so.1 is NVIDIA's driver: none is installed";

    assertThat(cuda(cudaBuild().failing("").withoutDriver()).unusable())
        .contains("missing library: libcuda.so.1; " + driver);
    assertThat(cuda(cudaBuild().failing("").withoutDriver().lacking("libcudart.so.13")).unusable())
        .contains("missing libraries: libcudart.so.13, libcuda.so.1; " + driver);
  }

  @Test
  void saysWhatAnErrorOfCudaMeans() {
    assertReason(
        RecordedFailures.OLD_DRIVER,
        "NVIDIA's driver is too old for this build's CUDA (CUDA error 35: CUDA driver version is"
            + " insufficient for CUDA runtime version)");
    assertReason(
        RecordedFailures.NO_GPU,
        "there is no GPU that this process may use (CUDA error 100: no CUDA-capable device is"
            + " detected)");
    assertReason(
        RecordedFailures.NO_KERNEL,
        "this build has no code for the GPU's architecture (CUDA error 209: no kernel image is"
            + " available for execution on the device)");
    assertReason(RecordedFailures.FULL, "the GPU's memory is full (CUDA error 2: out of memory)");
  }

  private static void assertReason(String recorded, String reason) {
    assertThat(cuda(cudaBuild().failing(recorded)).unusable()).contains(reason);
  }

  @Test
  void repeatsWhatItDoesNotKnow() {
    assertThat(cuda(cudaBuild().failing(RecordedFailures.UNHEARD_OF)).unusable())
        .contains("CUDA error 999: unknown error");
    assertThat(cuda(cudaBuild().failing("Error code - ORT_FAIL - message: odd")).unusable())
        .contains("odd");
  }

  @Test
  void theProbesGraphIsOneThatRuns() throws OrtException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      assertThatCode(() -> OrtProbe.runOnce(options)).doesNotThrowAnyException();
    }
  }

  @Test
  void theRuntimeOfThisBuildIsAskedForReal() {
    OrtProbe probe = new OrtProbe();

    assertThat(probe.compiledIn()).contains(OrtProvider.CPU);
    assertThat(probe.version()).isEqualTo(Ort.environment().getVersion());
    if (!OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA)) {
      assertThatThrownBy(() -> probe.tryOut(OrtProvider.CUDA, 0))
          .isInstanceOf(OrtException.class)
          .hasMessageContaining("Failed to find CUDA shared provider");
    }
    assertThat(new OnnxDevices(probe, PROCESSOR).find().devices().getFirst().device())
        .contains(Device.CPU);
  }
}
