// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

/** How event loops reach their sockets. */
public enum TransportKind {
  /** Epoll where there is one, else nio. */
  AUTO,
  EPOLL,
  IO_URING,
  NIO
}
