// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

/** What a figure counts. */
public enum Unit {
  RATIO("×"),
  PER_SECOND("/s"),
  MICROS("µs"),
  SECONDS("s"),
  BYTES("bytes"),
  MEBIBYTES("MiB"),
  PERCENT("%"),
  COUNT("");

  private final String symbol;

  Unit(String symbol) {
    this.symbol = symbol;
  }

  /** What stands behind the number. */
  public String symbol() {
    return symbol;
  }
}
