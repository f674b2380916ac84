// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.process;

/** Says that it is ready and does nothing, for a minute. */
final class ReadyProbe {
  private ReadyProbe() {}

  public static void main(String[] args) throws InterruptedException {
    System.out.println("ready on 1");
    Thread.sleep(60_000);
  }
}
