// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Memory for a device that wants it pinned: this one takes notes. */
final class SlabTest {
  private final List<MemorySegment> pinned = new ArrayList<>();
  private final List<Long> unpinned = new ArrayList<>();

  private boolean isHung;

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
        public boolean unpin(MemorySegment segment) {
          segment.fill((byte) 1); // which is still ours
          unpinned.add(segment.address());
          return !isHung;
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

  @Test
  void whatADeviceKeepsIsNotFreed() {
    isHung = true;
    Slab slab = new Slab(memory);
    slab.fit(5000);

    slab.close();

    MemorySegment kept = pinned.getFirst();
    try (Slab other = new Slab(HostMemory.ORDINARY)) {
      other.fit(5000);
      other.segment().fill((byte) 2);
    }
    assertThat(kept.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 1);
    assertThat(kept.get(ValueLayout.JAVA_BYTE, kept.byteSize() - 1)).isEqualTo((byte) 1);
  }

  @Test
  void moreThanThereIsIsRefusedAndNothingIsLost() {
    assertThatThrownBy(() -> NativeMemory.allocate(1L << 60, 64))
        .isInstanceOf(OutOfMemoryError.class)
        .hasMessageStartingWith(((1L << 60) + 63) + " bytes: ");
    try (Slab slab = new Slab(HostMemory.ORDINARY)) {
      slab.fit(100);
      assertThat(slab.segment().byteSize()).isEqualTo(1024);
    }
  }
}
