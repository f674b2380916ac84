// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * A gRPC server in a process of its own.
 *
 * @param name in reports
 */
public record Server(String name, InetSocketAddress address, Child child, Probe probe)
    implements AutoCloseable {

  static Server attach(String name, int port, Child child) throws IOException {
    return new Server(name, address(port), child, Probe.attach(child.pid()));
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
