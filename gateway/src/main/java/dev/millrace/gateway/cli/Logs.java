// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.spi.ContextAwareBase;
import dev.millrace.gateway.config.LogFormat;
import dev.millrace.gateway.config.LogLevel;
import java.nio.charset.StandardCharsets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sets Logback up: one line an event on standard error. In code, because reading a {@code
 * logback.xml} costs a quarter of a second, which every {@code millrace models} would pay. Whoever
 * needs more names a file of their own by {@code -Dlogback.configurationFile}; that one then
 * decides.
 */
public final class Logs extends ContextAwareBase implements Configurator {
  private static final String TEXT =
      "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level %logger{0}: %msg%n%ex";

  /** For Logback, which finds this class as a service before the first event. */
  public Logs() {}

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    if (isLeftToFile()) {
      return ExecutionStatus.INVOKE_NEXT_IF_ANY;
    }
    configure(context, LogFormat.TEXT, LogLevel.INFO);
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  static void apply(LogFormat format, LogLevel level) {
    if (!isLeftToFile()) {
      configure((LoggerContext) LoggerFactory.getILoggerFactory(), format, level);
    }
    JulBridge.install();
  }

  /** Writes out what is still on its way. */
  static void stop() {
    ((LoggerContext) LoggerFactory.getILoggerFactory()).stop();
  }

  private static boolean isLeftToFile() {
    return System.getProperty("logback.configurationFile") != null;
  }

  private static void configure(LoggerContext context, LogFormat format, LogLevel level) {
    context.reset();
    Encoder<ILoggingEvent> encoder =
        switch (format) {
          case TEXT -> textEncoder();
          case JSON -> jsonEncoder();
        };
    encoder.setContext(context);
    encoder.start();
    ConsoleAppender<ILoggingEvent> console = new ConsoleAppender<>();
    console.setContext(context);
    console.setTarget("System.err");
    console.setEncoder(encoder);
    console.start();
    context.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(console);
    setLevel(context, level);
  }

  /** Changes what is logged from now on, and loses nothing on the way. */
  static void setLevel(LogLevel level) {
    setLevel((LoggerContext) LoggerFactory.getILoggerFactory(), level);
  }

  private static void setLevel(LoggerContext context, LogLevel level) {
    context.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.valueOf(level.name()));
    // below WARN they tell of every connection
    Level quiet = level == LogLevel.ERROR ? Level.ERROR : Level.WARN;
    context.getLogger("io.grpc").setLevel(quiet);
    context.getLogger("io.netty").setLevel(quiet);
    // a stack trace for each answer that meets a call given up, thousands a second in an overload
    Level silent = level == LogLevel.DEBUG ? quiet : Level.ERROR;
    context.getLogger("io.grpc.netty.NettyServerHandler").setLevel(silent);
    context.getLogger("io.grpc.netty.NettyServerStream").setLevel(silent);
  }

  private static Encoder<ILoggingEvent> textEncoder() {
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setPattern(TEXT);
    encoder.setCharset(StandardCharsets.UTF_8);
    return encoder;
  }

  private static Encoder<ILoggingEvent> jsonEncoder() {
    JsonEncoder encoder = new JsonEncoder();
    // the message with its arguments in it, once
    encoder.setWithFormattedMessage(true);
    encoder.setWithMessage(false);
    encoder.setWithArguments(false);
    encoder.setWithContext(false);
    encoder.setWithSequenceNumber(false);
    return encoder;
  }
}
