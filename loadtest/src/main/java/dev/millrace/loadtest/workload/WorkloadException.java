// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

/** What was asked for cannot be done. The message is one line for the user, complete in itself. */
public final class WorkloadException extends RuntimeException {
  public WorkloadException(String message) {
    super(message);
  }

  public WorkloadException(String message, Throwable cause) {
    super(message, cause);
  }
}
