// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.ModelLoadException;

/**
 * A model was not loaded, and a thread that does not answer may use it for ever: its files and the
 * memory that was reserved for it are not to be given back.
 */
final class HungLoadException extends Exception {
  private static final long serialVersionUID = 1;

  private final transient ModelLoadException failure;

  HungLoadException(ModelLoadException failure) {
    super(failure.getMessage(), failure);
    this.failure = failure;
  }

  ModelLoadException failure() {
    return failure;
  }
}
