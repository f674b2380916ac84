// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Memory for a device that wants it pinned: this one takes notes. */
final class SlabTest {
  private final List<MemorySegment> pinned = new ArrayList<>();
  private final List<Long> unpinned = new ArrayList<>();

  private final HostMemory memory =
      new HostMemory() {
        @Override
        public long alignment() {
          return 4096;
        }

        @Override
        public void pin(MemorySegment segment) {
          pinned.add(segment);
        }

        @Override
        public void unpin(MemorySegment segment) {
          segment.fill((byte) 1); // which is still ours
          unpinned.add(segment.address());
        }
      };

  @Test
  void isPinnedWheneverItMovesAndUnpinnedBeforeItIsFreed() {
    try (Slab slab = new Slab(memory)) {
      slab.fit(100);
      slab.fit(4000);
      assertThat(pinned).as("it did not move").hasSize(1);
      slab.fit(5000);
    }

    assertThat(pinned.stream().map(MemorySegment::address)).containsExactlyElementsOf(unpinned);
    assertThat(pinned.stream().map(MemorySegment::byteSize)).containsExactly(4096L, 8192L);
    assertThat(pinned).allMatch(segment -> segment.address() % 4096 == 0);
  }

  @Test
  void isZerosAtFirstWhateverWasThereBefore() {
    for (int i = 0; i < 20; i++) {
      try (Slab slab = new Slab(HostMemory.ORDINARY)) {
        slab.fit(4096);
        assertThat(slab.segment().mismatch(MemorySegment.ofArray(new byte[4096]))).isEqualTo(-1);
        assertThat(slab.segment().address() % Slab.ALIGNMENT).isZero();
        slab.segment().fill((byte) 1);
      }
    }
  }
}
