// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WholeFramesTest {
  private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(US_ASCII);

  private final WholeFrames handler = new WholeFrames();
  private final EmbeddedChannel channel = new EmbeddedChannel(handler);
  private final ScarceMemory memory = new ScarceMemory();
  private final List<byte[]> received = new ArrayList<>();

  @BeforeEach
  void countBuffers() {
    channel.config().setAllocator(memory);
  }

  @AfterEach
  void nothingIsKept() {
    channel.finishAndReleaseAll();
    assertThat(memory.held()).isZero();
  }

  private static byte[] frame(int payload) {
    byte[] frame = new byte[9 + payload];
    new Random(payload).nextBytes(frame);
    frame[0] = (byte) (payload >> 16);
    frame[1] = (byte) (payload >> 8);
    frame[2] = (byte) payload;
    return frame;
  }

  private static byte[] joined(byte[]... parts) {
    return ByteBufUtil.getBytes(Unpooled.wrappedBuffer(parts));
  }

  private void read(byte[] bytes, int from, int to) {
    ByteBuf read = Unpooled.copiedBuffer(bytes, from, to - from);
    channel.writeInbound(read);
    collect();
    assertThat(read.refCnt()).isZero();
  }

  private void collect() {
    for (ByteBuf out = channel.readInbound(); out != null; out = channel.readInbound()) {
      received.add(ByteBufUtil.getBytes(out));
      out.release();
    }
  }

  private byte[] all() {
    return joined(received.toArray(byte[][]::new));
  }

  @Test
  void handsOnWholeFramesAsTheyCame() {
    byte[] bytes = joined(PREFACE, frame(5), frame(0), frame(16_384));

    read(bytes, 0, bytes.length);

    assertThat(received).containsExactly(bytes);
  }

  @Test
  void cutsAReadAtTheEndOfItsLastWholeFrame() {
    byte[] first = joined(PREFACE, frame(100));
    byte[] second = frame(1000);
    byte[] third = frame(10);
    byte[] bytes = joined(first, second, third);
    int cut = first.length + 500;

    read(bytes, 0, cut);
    assertThat(received).containsExactly(first);
    read(bytes, cut, bytes.length);

    assertThat(received).containsExactly(first, second, third);
  }

  @Test
  void handsOnTheSameBytesHoweverTheyAreCut() {
    byte[] bytes =
        joined(PREFACE, frame(0), frame(300), frame(16_384), frame(1), frame(9), frame(16_000));
    Random random = new Random(3);
    for (int round = 0; round < 200; round++) {
      EmbeddedChannel cut = new EmbeddedChannel(new WholeFrames());
      ByteBuf together = Unpooled.buffer();
      for (int at = 0; at < bytes.length; ) {
        int to = Math.min(bytes.length, at + 1 + random.nextInt(round % 2 == 0 ? 40 : 9000));
        cut.writeInbound(Unpooled.copiedBuffer(bytes, at, to - at));
        at = to;
        for (ByteBuf out = cut.readInbound(); out != null; out = cut.readInbound()) {
          together.writeBytes(out);
          out.release();
        }
      }
      assertThat(ByteBufUtil.getBytes(together)).isEqualTo(bytes);
      cut.finishAndReleaseAll();
    }
  }

  @Test
  void passesOnWhatIsNotHttp2() {
    byte[] request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(US_ASCII);

    read(request, 0, 7);
    read(request, 7, request.length);

    assertThat(all()).isEqualTo(request);
    assertThat(received).hasSize(2);
  }

  @Test
  void passesOnAFrameLongerThanAllowedForTheDecoderToRefuse() {
    byte[] bytes = joined(PREFACE, frame(3), frame(16_385));
    int cut = PREFACE.length + 12 + 9 + 100;

    read(bytes, 0, cut);
    read(bytes, cut, bytes.length);

    assertThat(all()).isEqualTo(bytes);
  }

  @Test
  void findsALengthThatIsTooLongInAHeaderOfTwoReads() {
    byte[] bytes = joined(PREFACE, frame(3), frame(1 << 20));
    int cut = PREFACE.length + 12 + 4;

    read(bytes, 0, cut);
    read(bytes, cut, cut + 1000);

    assertThat(all()).isEqualTo(Arrays.copyOf(bytes, cut + 1000));
  }

  @Test
  void givesBackAFrameThatNeverEnds() {
    byte[] bytes = joined(PREFACE, frame(3000));

    read(bytes, 0, 1000);
    channel.close();
    collect();

    assertThat(all()).isEqualTo(Arrays.copyOf(bytes, 1000));
  }

  @Test
  void passesOnEverythingOnceThereIsNoMemoryForAPartOfAFrame() {
    byte[] bytes = joined(PREFACE, frame(100), frame(3000), frame(200), frame(50));
    int cut = PREFACE.length + 109 + 1000;
    memory.exhausted = true;

    read(bytes, 0, cut);
    assertThat(all()).isEqualTo(Arrays.copyOf(bytes, cut));
    memory.exhausted = false;
    read(bytes, cut, cut + 2100);
    read(bytes, cut + 2100, bytes.length);

    assertThat(all()).isEqualTo(bytes);
  }

  @Test
  void passesOnEverythingWhenAPartOfAFrameCannotBeCopied() {
    byte[] bytes = joined(PREFACE, frame(100), frame(3000));
    memory.copiesFail = true;

    read(bytes, 0, 1000);
    assertThat(all()).isEqualTo(Arrays.copyOf(bytes, 1000));
    assertThat(memory.held()).isZero();
    read(bytes, 1000, bytes.length);

    assertThat(all()).isEqualTo(bytes);
  }

  @Test
  void passesOnAPartOfAFrameWhenTheNextCannotBeAdded() {
    byte[] bytes = joined(PREFACE, frame(100), frame(3000), frame(7));
    for (int kept : new int[] {4, 1000}) {
      received.clear();
      EmbeddedChannel starved = new EmbeddedChannel(new WholeFrames());
      ScarceMemory own = new ScarceMemory();
      starved.config().setAllocator(own);
      int cut = PREFACE.length + 109 + kept;
      starved.writeInbound(Unpooled.copiedBuffer(bytes, 0, cut));
      own.copiesFail = true;
      ByteBuf rest = Unpooled.copiedBuffer(bytes, cut, bytes.length - cut);
      starved.writeInbound(rest);

      ByteBuf together = Unpooled.buffer();
      for (ByteBuf out = starved.readInbound(); out != null; out = starved.readInbound()) {
        together.writeBytes(out);
        out.release();
      }
      assertThat(ByteBufUtil.getBytes(together)).isEqualTo(bytes);
      assertThat(own.held()).isZero();
      assertThat(rest.refCnt()).isZero();
      starved.finishAndReleaseAll();
    }
  }

  @Test
  void handsOnWhatItHoldsWhenItIsRemoved() {
    byte[] bytes = joined(PREFACE, frame(3000));
    read(bytes, 0, 1000);

    channel.pipeline().remove(handler);
    read(bytes, 1000, bytes.length);

    assertThat(all()).isEqualTo(bytes);
  }
}
