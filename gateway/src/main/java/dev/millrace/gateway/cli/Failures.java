// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import dev.millrace.admin.client.AdminException;
import dev.millrace.backends.json.JsonException;
import dev.millrace.backends.natives.NativesException;
import dev.millrace.gateway.GatewayStartException;
import dev.millrace.gateway.config.ConfigException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.regex.Pattern;

/** What is printed when a command fails, and the exit code. */
final class Failures {
  static final int FAILED = 1;
  static final int BAD_INPUT = 2;

  // what the epoll transport puts before the reason
  private static final Pattern SYSTEM_CALL =
      Pattern.compile("^\\w+\\(\\.\\.\\) failed with error\\(-?\\d+\\): ");

  private final RootCommand root;

  Failures(RootCommand root) {
    this.root = root;
  }

  int report(Exception failure, PrintWriter err) {
    if (root.isDebug()) {
      failure.printStackTrace(err);
    }
    return switch (failure) {
      case ConfigException e -> {
        e.problems().forEach(err::println);
        yield BAD_INPUT;
      }
      case InputException e -> {
        err.println(e.getMessage());
        yield BAD_INPUT;
      }
      case JsonException e -> {
        err.println(e.getMessage());
        yield BAD_INPUT;
      }
      case StatusRuntimeException e -> {
        err.println(line(e.getStatus()));
        yield FAILED;
      }
      case AdminException e -> {
        err.println(line(e.status()));
        furtherProblems(e.status()).forEach(problem -> err.println("  " + problem));
        yield FAILED;
      }
      case NativesException e -> {
        err.println(e.getMessage());
        yield FAILED;
      }
      case GatewayStartException e -> {
        err.println(e.getMessage());
        yield FAILED;
      }
      case SchedulingClient.UnansweredException e -> {
        err.println(e.getMessage());
        yield FAILED;
      }
      case IOException e -> {
        err.println(e);
        yield FAILED;
      }
      default -> {
        err.printf("unexpected: %s (--debug shows where)%n", failure);
        yield FAILED;
      }
    };
  }

  /** What is wrong besides the first thing: a declaration is refused with all at once. */
  private static List<String> furtherProblems(Status status) {
    String description = status.getDescription();
    return description == null || status.getCode() != Status.Code.INVALID_ARGUMENT
        ? List.of()
        : description.lines().skip(1).toList();
  }

  /** A status in one line: {@code NOT_FOUND: model 'x'}. */
  static String line(Status status) {
    Throwable cause = status.getCause();
    String description = status.getDescription();
    // "io exception" is all that grpc says about a connection; why is in the cause
    String said = description == null || description.equals("io exception") ? "" : description;
    String why = cause == null || cause.getMessage() == null ? "" : cause.getMessage();
    String text = said.isEmpty() ? why : said;
    return text.isEmpty()
        ? status.getCode().name()
        : status.getCode()
            + ": "
            + SYSTEM_CALL.matcher(text.lines().findFirst().orElse("")).replaceFirst("");
  }
}
