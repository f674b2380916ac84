// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

/**
 * Where finished tasks leave, shared by all tasks of one event loop: a task that completes adds
 * itself without waking anybody; {@link #flush} wakes the loop once for all of them.
 */
public interface CompletionSink {

  /** Sends what has been completed; from any thread, never blocks. */
  void flush();
}
