// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.io.IOException;

/** What was brought here is not what was recorded of it: it will not be right at another try. */
public final class AlteredException extends IOException {
  private static final long serialVersionUID = 1;

  public AlteredException(String message) {
    super(message);
  }
}
