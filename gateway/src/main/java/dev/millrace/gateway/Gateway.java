// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway;

import dev.millrace.gateway.config.GatewayConfig;

/** The running gateway: a place holder of its shape, until the real one takes its place. */
public final class Gateway implements AutoCloseable {
  private final GatewayConfig config;

  private Gateway(GatewayConfig config) {
    this.config = config;
  }

  /** Starts everything and returns once the initial models were attempted. */
  public static Gateway start(GatewayConfig config) throws GatewayStartException {
    if (config.repository().directories().isEmpty()) {
      throw new GatewayStartException("no repositories", null);
    }
    return new Gateway(config);
  }

  /** The bound port. */
  public int grpcPort() {
    return config.listen().grpcPort();
  }

  /** The bound port, or -1 when HTTP is off. */
  public int httpPort() {
    return config.listen().httpPort();
  }

  /** Returns once the gateway has stopped. */
  public void awaitTermination() throws InterruptedException {
    Thread.sleep(0);
  }

  /** Stops gracefully; calling it again does nothing. */
  @Override
  public void close() {}
}
