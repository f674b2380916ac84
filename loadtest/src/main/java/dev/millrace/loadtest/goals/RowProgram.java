// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.goals;

import java.io.IOException;

/** Measures one row of the table. */
interface RowProgram {
  /**
   * Measures it. What it has started that others do not share is ended when this returns.
   *
   * @throws IOException if a server does not start or cannot be reached
   * @throws Ended if the user ended it before there was anything
   */
  RowResult run() throws IOException, InterruptedException, Ended;
}
