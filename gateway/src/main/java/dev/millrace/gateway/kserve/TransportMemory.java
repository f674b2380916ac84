// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.EventExecutorGroup;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The memory that connections read into and write from: one arena for each event loop.
 *
 * <p>gRPC's own allocator takes chunks of 2 MiB and gives each back when it is empty, so that
 * tensors of some hundred KB have it allocate, zero and free chunks for ever. Here chunks hold
 * dozens of them, and each arena keeps its first one: a small buffer in it is never given back.
 */
final class TransportMemory {
  private static final int PAGE_BYTES = 8 << 10;

  /** Chunks of 16 MiB. */
  private static final int CHUNK_ORDER = 11;

  private static final int KEEPER_BYTES = 16;

  private final PooledByteBufAllocator allocator;
  private final List<ByteBuf> keepers = new CopyOnWriteArrayList<>();

  private TransportMemory(int loopCount) {
    allocator =
        new PooledByteBufAllocator(
            true,
            1,
            loopCount,
            PAGE_BYTES,
            CHUNK_ORDER,
            PooledByteBufAllocator.defaultSmallCacheSize(),
            PooledByteBufAllocator.defaultNormalCacheSize(),
            true);
  }

  /** Memory for these loops, whose threads are started by it. */
  static TransportMemory of(EventExecutorGroup loops, int loopCount) {
    TransportMemory memory = new TransportMemory(loopCount);
    for (EventExecutor loop : loops) {
      // the arena is the one that this thread is given
      loop.execute(() -> memory.keepers.add(memory.allocator.directBuffer(KEEPER_BYTES)));
    }
    return memory;
  }

  ByteBufAllocator allocator() {
    return allocator;
  }

  /** Gives back what was kept; when the loops have ended. */
  void close() {
    keepers.forEach(ByteBuf::release);
    keepers.clear();
  }
}
