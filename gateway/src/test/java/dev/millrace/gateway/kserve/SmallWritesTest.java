// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SmallWritesTest {
  private final SmallWrites handler = new SmallWrites();
  private final Connection channel = new Connection(handler);
  private final ScarceMemory memory = new ScarceMemory();
  private final List<byte[]> sent = new ArrayList<>();

  /** A connection whose peer can stop to read, and whose socket can break. */
  private static final class Connection extends EmbeddedChannel {
    boolean peerReads = true;
    boolean broken;

    Connection(SmallWrites handler) {
      super(handler);
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer pending) throws Exception {
      if (broken) {
        pending.remove(new OutOfMemoryError("told to fail"));
      } else if (peerReads) {
        super.doWrite(pending);
      }
    }

    void readAgain() {
      peerReads = true;
      flush();
    }
  }

  @BeforeEach
  void countBuffers() {
    channel.config().setAllocator(memory);
  }

  @AfterEach
  void nothingIsKept() {
    channel.finishAndReleaseAll();
    assertThat(memory.held()).isZero();
  }

  private static byte[] bytes(int seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private ChannelFuture write(byte[] bytes) {
    return channel.write(Unpooled.copiedBuffer(bytes));
  }

  private void collect() {
    for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
      sent.add(ByteBufUtil.getBytes(out));
      out.release();
    }
  }

  private byte[] all() {
    return ByteBufUtil.getBytes(Unpooled.wrappedBuffer(sent.toArray(byte[][]::new)));
  }

  @Test
  void sendsWhatIsThereWhenTheConnectionHasBeenRead() {
    write(bytes(1, 20));
    channel.pipeline().fireChannelReadComplete();
    collect();

    assertThat(all()).isEqualTo(bytes(1, 20));
  }

  @Test
  void goesOnGatheringWhenMoreIsWrittenThanItHolds() {
    for (int i = 0; i < 100; i++) {
      write(bytes(i, 1000));
    }
    channel.flush();
    collect();

    assertThat(sent).hasSizeBetween(6, 8); // of 16 KiB
    assertThat(all()).hasSize(100_000).startsWith(bytes(0, 1000)).endsWith(bytes(99, 1000));
  }

  @Test
  void sendsTheSmallWritesOfAFlushAsOne() {
    write(bytes(1, 20));
    write(bytes(2, 30));
    channel.flush();
    collect();

    assertThat(sent).hasSize(1);
    assertThat(all())
        .isEqualTo(ByteBufUtil.getBytes(Unpooled.wrappedBuffer(bytes(1, 20), bytes(2, 30))));
  }

  @Test
  void sendsNothingBeforeTheFlush() {
    write(bytes(1, 20));
    collect();

    assertThat(sent).isEmpty();
  }

  @Test
  void keepsTheOrderOfSmallAndLarge() {
    List<byte[]> written = new ArrayList<>();
    Random random = new Random(5);
    for (int i = 0; i < 2000; i++) {
      byte[] bytes = bytes(i, random.nextInt(10) == 0 ? 5000 : random.nextInt(1100));
      written.add(bytes);
      write(bytes);
      if (random.nextInt(20) == 0) {
        channel.flush();
      }
    }
    channel.flush();
    collect();

    assertThat(all())
        .isEqualTo(ByteBufUtil.getBytes(Unpooled.wrappedBuffer(written.toArray(byte[][]::new))));
  }

  @Test
  void freesWhatItHasCopied() {
    ByteBuf small = Unpooled.copiedBuffer(bytes(1, 20));

    channel.write(small);

    assertThat(small.refCnt()).isZero();
  }

  @Test
  void sendsWhatWasWrittenBeforeItCloses() {
    ChannelFuture written = write(bytes(1, 20));
    channel.close();
    collect();

    assertThat(written.isSuccess()).isTrue();
    assertThat(all()).isEqualTo(bytes(1, 20));
  }

  @Test
  void failsAWriteToAClosedConnection() {
    channel.close();

    assertThat(write(bytes(1, 20)).isSuccess()).isFalse();
  }

  @Test
  void waitsWithClosingUntilThePeerHasTakenWhatWasSaidToBeWritten() {
    channel.peerReads = false;
    assertThat(write(bytes(1, 20)).isSuccess()).isTrue();
    ChannelFuture closed = channel.close();
    assertThat(closed.isDone()).isFalse();

    channel.readAgain();
    collect();

    assertThat(closed.isSuccess()).isTrue();
    assertThat(all()).isEqualTo(bytes(1, 20));
  }

  @Test
  void closesAtOnceWhenItIsToldASecondTime() {
    channel.peerReads = false;
    write(bytes(1, 20));
    ChannelFuture closed = channel.close();

    channel.close();

    assertThat(closed.isSuccess()).isTrue();
    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void endsAConnectionThatHasLostWhatWasSaidToBeWritten() {
    channel.broken = true;
    write(bytes(1, 20));

    channel.flush();

    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void copiesNothingBehindWhatTheTransportHolds() {
    channel.peerReads = false;
    write(bytes(1, 5000));
    channel.flush();

    ChannelFuture small = write(bytes(2, 20));

    assertThat(small.isDone()).isFalse();
    channel.readAgain();
    collect();
    assertThat(small.isSuccess()).isTrue();
    assertThat(sent).containsExactly(bytes(1, 5000), bytes(2, 20));
  }

  @Test
  void writesWhatItCannotCopyAsItIs() {
    ByteBuf message = Unpooled.copiedBuffer(bytes(1, 20));
    memory.exhausted = true;

    ChannelFuture written = channel.write(message);
    assertThat(written.isDone()).isFalse();
    channel.flush();
    collect();

    assertThat(written.isSuccess()).isTrue();
    assertThat(message.refCnt()).isZero();
    assertThat(all()).isEqualTo(bytes(1, 20));
  }

  @Test
  void keepsTheOrderWhenACopyFails() {
    write(bytes(1, 20));
    memory.copiesFail = true;
    ChannelFuture second = write(bytes(2, 30));
    memory.copiesFail = false;
    write(bytes(3, 40));
    channel.flush();
    collect();

    assertThat(second.isSuccess()).isTrue();
    assertThat(sent).containsExactly(bytes(1, 20), bytes(2, 30), bytes(3, 40));
  }

  @Test
  void givesBackTheBufferThatItCannotCopyInto() {
    memory.copiesFail = true;
    ChannelFuture first = write(bytes(1, 20));
    channel.flush();
    collect();

    assertThat(first.isSuccess()).isTrue();
    assertThat(all()).isEqualTo(bytes(1, 20));
  }

  @Test
  void handsOnWhatItHoldsWhenItIsRemoved() {
    write(bytes(1, 20));

    channel.pipeline().remove(handler);
    channel.flush();
    collect();

    assertThat(all()).isEqualTo(bytes(1, 20));
  }
}
