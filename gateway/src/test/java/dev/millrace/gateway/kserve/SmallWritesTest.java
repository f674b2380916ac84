// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SmallWritesTest {
  private final EmbeddedChannel channel = new EmbeddedChannel(new SmallWrites());
  private final List<byte[]> sent = new ArrayList<>();

  @AfterEach
  void nothingIsKept() {
    channel.finishAndReleaseAll();
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
}
