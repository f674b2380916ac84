// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import dev.millrace.loadtest.workload.WorkloadException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A server, as the user names it. */
record Target(String host, int port) {
  // of the gateway, and of Triton
  private static final int DEFAULT_PORT = 8001;

  // HOST, HOST:PORT, [IPV6], [IPV6]:PORT
  private static final Pattern FORM =
      Pattern.compile("(?:\\[([0-9a-fA-F:.%]+)]|([^:\\s/\\[\\]]+))(?::([0-9]{1,5}))?");

  /** Reads HOST:PORT; throws a {@link WorkloadException} if it is something else. */
  static Target parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (matcher.matches()) {
      String host = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
      int port = matcher.group(3) == null ? DEFAULT_PORT : Integer.parseInt(matcher.group(3));
      if (port >= 1 && port <= 65535) {
        return new Target(host, port);
      }
    }
    throw new WorkloadException(
        "server '%s' (expected HOST:PORT, like 127.0.0.1:8001)".formatted(text));
  }

  InetSocketAddress resolve() throws UnknownHostException {
    InetSocketAddress address = new InetSocketAddress(host, port);
    if (address.isUnresolved()) {
      throw new UnknownHostException(host + ": unknown host");
    }
    return address;
  }

  @Override
  public String toString() {
    return host.contains(":") ? "[%s]:%d".formatted(host, port) : host + ":" + port;
  }
}
