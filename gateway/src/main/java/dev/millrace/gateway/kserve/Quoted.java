// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

/** Text of a request as it stands in messages: a status has no room for a name of 60 MB. */
final class Quoted {
  private static final int MAX_LENGTH = 100;

  private Quoted() {}

  static String of(String text) {
    if (text.length() <= MAX_LENGTH) {
      return "'" + text + "'";
    }
    int end = Character.isHighSurrogate(text.charAt(MAX_LENGTH - 1)) ? MAX_LENGTH - 1 : MAX_LENGTH;
    return "'" + text.substring(0, end) + "…' (" + text.length() + " characters)";
  }
}
