// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** Hosts and ports, in the forms that people and clients use. */
final class Ports {
  private Ports() {}

  /** The port if it is free now, and 0, which lets the system pick, if it is not. */
  static int freeOrAny(String host, int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getByName(host), port));
      return port;
    } catch (IOException e) {
      return 0;
    }
  }

  /** {@code host:port}, an IPv6 address in brackets. */
  static String address(String host, int port) {
    return host.contains(":") ? "[%s]:%d".formatted(host, port) : host + ":" + port;
  }
}
