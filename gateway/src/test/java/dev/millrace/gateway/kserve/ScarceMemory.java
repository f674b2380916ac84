// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledDirectByteBuf;
import io.netty.buffer.UnpooledHeapByteBuf;
import java.util.ArrayList;
import java.util.List;

/** An allocator that runs out of memory when a test says so, and knows what is still held. */
final class ScarceMemory extends AbstractByteBufAllocator {
  /** Allocating a buffer fails. */
  boolean exhausted;

  /** Copying into a buffer fails, as it does where the copy needs an object of its own. */
  boolean copiesFail;

  private final List<ByteBuf> handedOut = new ArrayList<>();

  ScarceMemory() {
    super(true);
  }

  /** How many of the buffers handed out have not been released. */
  long held() {
    return handedOut.stream().filter(buffer -> buffer.refCnt() > 0).count();
  }

  @Override
  protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
    if (exhausted) {
      throw new OutOfMemoryError("told to fail");
    }
    return handOut(new Buffer(initialCapacity, maxCapacity));
  }

  @Override
  protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
    return handOut(new UnpooledHeapByteBuf(this, initialCapacity, maxCapacity));
  }

  private ByteBuf handOut(ByteBuf buffer) {
    handedOut.add(buffer);
    return buffer;
  }

  @Override
  public boolean isDirectBufferPooled() {
    return false;
  }

  private final class Buffer extends UnpooledDirectByteBuf {
    Buffer(int initialCapacity, int maxCapacity) {
      super(ScarceMemory.this, initialCapacity, maxCapacity);
    }

    @Override
    public ByteBuf setBytes(int index, ByteBuf source, int sourceIndex, int length) {
      if (copiesFail) {
        throw new OutOfMemoryError("told to fail");
      }
      return super.setBytes(index, source, sourceIndex, length);
    }
  }
}
