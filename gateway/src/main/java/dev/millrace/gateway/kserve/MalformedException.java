// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

/**
 * Bytes that are no protobuf message. Without a stack trace: the sender is at fault, and many such
 * messages are to cost little.
 */
final class MalformedException extends Exception {
  private static final long serialVersionUID = 1;

  MalformedException(String reason) {
    super(reason, null, false, false);
  }
}
