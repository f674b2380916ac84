// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

/** Is told how a measurement proceeds, by the thread that controls it. */
public interface Observer {
  /** Wants to know nothing. */
  Observer NONE =
      new Observer() {
        @Override
        public void phase(String name) {}

        @Override
        public void window(double seconds, Measurement measurement) {}

        @Override
        public void note(String line) {}
      };

  /** Something else is being done from now on; nothing more if the name is empty. */
  void phase(String name);

  /**
   * A further window of the phase has passed.
   *
   * @param seconds since the phase began
   */
  void window(double seconds, Measurement measurement);

  /** Something worth a line of its own. */
  void note(String line);
}
