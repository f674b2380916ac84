// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import java.io.IOException;
import java.util.List;

/** Row 6: memory that a request to the tiny model allocates, beyond what bare gRPC does. */
final class AllocationRow implements RowProgram {
  private static final Goal MOST_BYTES = Goal.atMost(600);
  private static final Goal NO_BUFFERS = Goal.atMost(0);

  private final TinyMlp tiny;

  AllocationRow(TinyMlp tiny) {
    this.tiny = tiny;
  }

  @Override
  public RowResult run() throws IOException, InterruptedException, Ended {
    Duel duel = tiny.atFullLoad();
    return new RowResult(
        6,
        "allocation per request, tiny MLP, " + duel.load(),
        List.of(
            Figure.of(
                "gateway − bare gRPC, heap per request",
                Unit.BYTES,
                duel.each(i -> duel.a().get(i).bytesPerAnswer() - duel.b().get(i).bytesPerAnswer()),
                MOST_BYTES),
            Figure.of(
                "gateway: direct buffers more after a turn than before",
                Unit.COUNT,
                duel.each(i -> duel.a().get(i).used().directBuffers()),
                NO_BUFFERS),
            Figures.stated("gateway: heap per request", Unit.BYTES, duel.a(), Turn::bytesPerAnswer),
            Figures.stated(
                "bare gRPC: heap per request", Unit.BYTES, duel.b(), Turn::bytesPerAnswer)),
        List.of(),
        List.of("direct buffers are those that the JVM counts; Netty's arenas are not among them"));
  }
}
