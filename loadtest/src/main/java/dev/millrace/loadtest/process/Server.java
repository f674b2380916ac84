// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * A gRPC server in a process of its own.
 *
 * @param name in reports
 * @param http where it answers HTTP, if it does
 */
public record Server(
    String name,
    InetSocketAddress address,
    Optional<InetSocketAddress> http,
    Child child,
    Probe probe)
    implements AutoCloseable {

  static Server attach(String name, int port, Optional<Integer> httpPort, Child child)
      throws IOException {
    return new Server(
        name, address(port), httpPort.map(Server::address), child, Probe.attach(child.pid()));
  }

  static InetSocketAddress address(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  /** Resident memory; 0 if the system does not say. */
  public long residentBytes() {
    return ProcStatus.of(child.pid()).residentBytes().orElse(0);
  }

  @Override
  public void close() {
    probe.close();
    child.close();
  }
}
