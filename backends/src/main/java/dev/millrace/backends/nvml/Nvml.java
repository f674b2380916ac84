// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.nvml;

import dev.millrace.backends.device.Device;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * NVIDIA's GPUs, as the driver's management library (NVML) tells of them.
 *
 * <p>What it does not tell is left out: a GPU without ECC memory has no errors of it, and one that
 * has fallen off the bus answers nothing at all.
 */
public final class Nvml implements GpuMonitor {
  private static final int TEXT_BYTES = 96;
  private static final int TEMPERATURE_OF_THE_GPU = 0;
  private static final int UNCORRECTED = 1;
  private static final int SINCE_THE_DRIVER_WAS_LOADED = 0;

  private final NvmlLibrary library;
  private final List<MemorySegment> gpus;
  private final XidEvents xids;
  private boolean closed; // under this: the library's memory is gone then

  private Nvml(NvmlLibrary library, List<MemorySegment> gpus, XidEvents xids) {
    this.library = library;
    this.gpus = gpus;
    this.xids = xids;
  }

  /** The one of this machine; {@link GpuMonitor#NONE} where there is no driver, or no GPU. */
  public static GpuMonitor open() {
    return open(NvmlLibrary.NAME);
  }

  static GpuMonitor open(String libraryName) {
    Optional<NvmlLibrary> library = NvmlLibrary.load(libraryName);
    if (library.isEmpty() || library.get().call("nvmlInit_v2") != NvmlLibrary.SUCCESS) {
      return GpuMonitor.NONE;
    }
    List<MemorySegment> gpus = handles(library.get());
    return new Nvml(library.get(), gpus, XidEvents.register(library.get(), gpus));
  }

  private static List<MemorySegment> handles(NvmlLibrary library) {
    List<MemorySegment> handles = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
      if (library.call("nvmlDeviceGetCount_v2", count) != NvmlLibrary.SUCCESS) {
        return List.of();
      }
      for (int i = 0; i < count.get(ValueLayout.JAVA_INT, 0); i++) {
        MemorySegment handle = arena.allocate(ValueLayout.ADDRESS);
        int code = library.call("nvmlDeviceGetHandleByIndex_v2", i, handle);
        // one that is lost keeps its number, so that the others keep theirs
        handles.add(
            code == NvmlLibrary.SUCCESS ? handle.get(ValueLayout.ADDRESS, 0) : MemorySegment.NULL);
      }
    }
    return handles;
  }

  @Override
  public synchronized Optional<String> driverVersion() {
    if (closed) {
      return Optional.empty();
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(TEXT_BYTES);
      int code = library.call("nvmlSystemGetDriverVersion", text, TEXT_BYTES);
      return code == NvmlLibrary.SUCCESS ? Optional.of(text.getString(0)) : Optional.empty();
    }
  }

  @Override
  public synchronized List<GpuReading> read() {
    if (closed) {
      return List.of();
    }
    xids.poll();
    List<GpuReading> readings = new ArrayList<>();
    for (int i = 0; i < gpus.size(); i++) {
      if (!gpus.get(i).equals(MemorySegment.NULL)) {
        read(i).ifPresent(readings::add);
      }
    }
    return readings;
  }

  private Optional<GpuReading> read(int index) {
    MemorySegment gpu = gpus.get(index);
    try (Arena arena = Arena.ofConfined()) {
      Optional<String> name = text("nvmlDeviceGetName", gpu, arena);
      if (name.isEmpty()) {
        return Optional.empty();
      }
      // total, free, used
      MemorySegment memory = arena.allocate(ValueLayout.JAVA_LONG, 3);
      boolean hasMemory = isGood(library.call("nvmlDeviceGetMemoryInfo", gpu, memory));
      return Optional.of(
          new GpuReading(
              Device.gpu(index),
              name.get(),
              text("nvmlDeviceGetUUID", gpu, arena).orElse(""),
              utilization(gpu, arena),
              longAt(hasMemory, memory, 2),
              longAt(hasMemory, memory, 0),
              power(gpu, arena),
              temperature(gpu, arena),
              eccErrors(gpu, arena),
              xids.count(index)));
    }
  }

  private Optional<String> text(String function, MemorySegment gpu, SegmentAllocator memory) {
    MemorySegment text = memory.allocate(TEXT_BYTES);
    return isGood(library.call(function, gpu, text, TEXT_BYTES))
        ? Optional.of(text.getString(0))
        : Optional.empty();
  }

  private OptionalLong utilization(MemorySegment gpu, SegmentAllocator memory) {
    // of the GPU, of its memory
    MemorySegment percents = memory.allocate(ValueLayout.JAVA_INT, 2);
    return intAt(isGood(library.call("nvmlDeviceGetUtilizationRates", gpu, percents)), percents);
  }

  private OptionalLong power(MemorySegment gpu, SegmentAllocator memory) {
    MemorySegment milliwatts = memory.allocate(ValueLayout.JAVA_INT);
    return intAt(isGood(library.call("nvmlDeviceGetPowerUsage", gpu, milliwatts)), milliwatts);
  }

  private OptionalLong temperature(MemorySegment gpu, SegmentAllocator memory) {
    MemorySegment celsius = memory.allocate(ValueLayout.JAVA_INT);
    int code = library.call("nvmlDeviceGetTemperature", gpu, TEMPERATURE_OF_THE_GPU, celsius);
    return intAt(isGood(code), celsius);
  }

  private OptionalLong eccErrors(MemorySegment gpu, SegmentAllocator memory) {
    MemorySegment errors = memory.allocate(ValueLayout.JAVA_LONG);
    int code =
        library.call(
            "nvmlDeviceGetTotalEccErrors", gpu, UNCORRECTED, SINCE_THE_DRIVER_WAS_LOADED, errors);
    return longAt(isGood(code), errors, 0);
  }

  private static boolean isGood(int code) {
    return code == NvmlLibrary.SUCCESS;
  }

  private static OptionalLong intAt(boolean isThere, MemorySegment value) {
    return isThere
        ? OptionalLong.of(Integer.toUnsignedLong(value.get(ValueLayout.JAVA_INT, 0)))
        : OptionalLong.empty();
  }

  private static OptionalLong longAt(boolean isThere, MemorySegment values, int index) {
    return isThere
        ? OptionalLong.of(values.getAtIndex(ValueLayout.JAVA_LONG, index))
        : OptionalLong.empty();
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      xids.close();
      library.call("nvmlShutdown");
    }
  }
}
