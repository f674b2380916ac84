// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import dev.millrace.backends.device.Device;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Memory that a GPU copies from and to by itself, at the speed of its bus. From any other, CUDA's
 * driver copies piece by piece to such memory of its own first: a batch of 32 pictures took longer
 * to copy than to run.
 *
 * <p>What cannot be pinned is used as it is.
 */
final class PinnedMemory implements HostMemory {
  private static final Logger log = LoggerFactory.getLogger(PinnedMemory.class);

  /** Pages are pinned, each once: the largest that kernels have. */
  private static final long PAGE = 1 << 16;

  private final CudaRuntime cuda;
  private final Device gpu;
  private final Set<Long> pinned = ConcurrentHashMap.newKeySet(); // addresses
  private boolean isRefused;

  private PinnedMemory(CudaRuntime cuda, Device gpu) {
    this.cuda = cuda;
    this.gpu = gpu;
  }

  /** As a device wants it; ordinary memory where it cannot be had otherwise. */
  static HostMemory of(Device device) {
    if (!device.isGpu()) {
      return ORDINARY;
    }
    try {
      return new PinnedMemory(CudaRuntime.find(), device);
    } catch (OrtException e) {
      log.warn("{}: no pinned memory, copies are slower: {}", device, Ort.message(e));
      return ORDINARY;
    }
  }

  @Override
  public long alignment() {
    return PAGE;
  }

  @Override
  public void pin(MemorySegment memory) {
    if (isRefused) {
      return;
    }
    try {
      pinNow(memory);
    } catch (OrtException e) {
      isRefused = true;
      log.warn(
          "{}: {} bytes could not be pinned, copies are slower: {}",
          gpu,
          memory.byteSize(),
          Ort.message(e));
    }
  }

  private void pinNow(MemorySegment memory) throws OrtException {
    Lock shared = CaptureLock.GPUS.shared();
    CaptureLock.GPUS.enter(shared);
    try {
      cuda.use(gpu.index());
      cuda.register(memory);
      pinned.add(memory.address());
    } finally {
      shared.unlock();
    }
  }

  @Override
  public boolean unpin(MemorySegment memory) {
    if (!pinned.remove(memory.address())) {
      return true;
    }
    try {
      unpinNow(memory);
      return true;
    } catch (OrtException e) {
      log.debug("{}: {} bytes stay pinned: {}", gpu, memory.byteSize(), Ort.message(e));
      return false;
    }
  }

  private void unpinNow(MemorySegment memory) throws OrtException {
    Lock shared = CaptureLock.GPUS.shared();
    CaptureLock.GPUS.enter(shared);
    try {
      cuda.unregister(memory);
    } finally {
      shared.unlock();
    }
  }
}
