// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

/** One of the two sides of a model. */
enum Side {
  INPUT("input"),
  OUTPUT("output");

  private final String word;

  Side(String word) {
    this.word = word;
  }

  /** The other one. */
  Side other() {
    return this == INPUT ? OUTPUT : INPUT;
  }

  /** Its word in sentences; its plural is the key in JSON. */
  @Override
  public String toString() {
    return word;
  }
}
