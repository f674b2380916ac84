// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import java.lang.foreign.MemorySegment;

/** What a device wants done with memory of this process that it copies from and to. */
interface HostMemory {
  /** Of a device that reads it as it is: the processor. */
  HostMemory ORDINARY =
      new HostMemory() {
        @Override
        public long alignment() {
          return Slab.ALIGNMENT;
        }

        @Override
        public void pin(MemorySegment memory) {}

        @Override
        public boolean unpin(MemorySegment memory) {
          return true;
        }
      };

  /** Bytes, a power of two: no two pieces are to lie in one of that size. */
  long alignment();

  /** Before it is used. */
  void pin(MemorySegment memory);

  /** Before it is freed; false if it must not be, since the device has it still. */
  boolean unpin(MemorySegment memory);
}
