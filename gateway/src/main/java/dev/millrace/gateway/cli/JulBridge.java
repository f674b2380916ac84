// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.slf4j.LoggerFactory;

/**
 * Hands the events of {@code java.util.logging}, which grpc-java and protobuf use, to SLF4J: one
 * format on standard error. From WARNING on; below, the JDK's loggers do not even build them.
 */
final class JulBridge extends Handler {
  private static final SimpleFormatter TEXT = new SimpleFormatter();

  private JulBridge() {}

  static void install() {
    LogManager.getLogManager().reset();
    Logger root = Logger.getLogger("");
    root.setLevel(Level.WARNING);
    root.addHandler(new JulBridge());
  }

  @Override
  public void publish(LogRecord event) {
    org.slf4j.Logger log = LoggerFactory.getLogger(nameOf(event));
    String message = TEXT.formatMessage(event);
    if (event.getLevel().intValue() >= Level.SEVERE.intValue()) {
      log.error(message, event.getThrown());
    } else {
      log.warn(message, event.getThrown());
    }
  }

  private static String nameOf(LogRecord event) {
    String name = event.getLoggerName();
    return name == null ? "java.util.logging" : name;
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
