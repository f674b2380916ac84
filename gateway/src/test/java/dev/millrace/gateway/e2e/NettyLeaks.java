// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

/**
 * Fails a test class during which Netty finds a buffer that was collected as garbage before it was
 * released.
 *
 * <p>At the level {@code paranoid}, where every buffer is watched, it waits until all garbage has
 * been looked at: it leaks a buffer of its own on purpose, and is done when that one is reported.
 * At lower levels Netty watches a sample, and what it reports fails the class as well.
 */
final class NettyLeaks implements BeforeAllCallback, AfterAllCallback {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Reports reports = new Reports();

  private static Logger logger() {
    return (Logger) LoggerFactory.getLogger(ResourceLeakDetector.class);
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    reports.start();
    logger().addAppender(reports);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    try {
      if (ResourceLeakDetector.getLevel() == ResourceLeakDetector.Level.PARANOID) {
        awaitAllReported(context.getRequiredTestClass().getName());
      }
      assertThat(reports.found).as("buffers that were never released").isEmpty();
    } finally {
      logger().detachAppender(reports);
    }
  }

  private void awaitAllReported(String testClass) {
    String mark = "leaked on purpose after " + testClass;
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(50))
        .until(
            () -> {
              leak(mark);
              System.gc();
              // Netty looks at what was collected whenever it hands out another buffer
              PooledByteBufAllocator.DEFAULT.heapBuffer(16).release();
              return reports.found.removeIf(report -> report.contains(mark));
            });
    reports.found.removeIf(report -> report.contains(mark));
  }

  private static void leak(String mark) {
    ByteBuf lost = PooledByteBufAllocator.DEFAULT.heapBuffer(16);
    lost.touch(mark);
  }

  /** Keeps what the leak detector logs. */
  private static final class Reports extends AppenderBase<ILoggingEvent> {
    final Queue<String> found = new ConcurrentLinkedQueue<>();

    @Override
    protected void append(ILoggingEvent event) {
      String message = event.getFormattedMessage();
      if (message.contains("LEAK")) {
        found.add(message);
      }
    }
  }
}
