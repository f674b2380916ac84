// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.util.List;

/** A model's configuration cannot be used; the message is every problem there is, for its owner. */
final class ManifestException extends Exception {
  private static final long serialVersionUID = 1;

  ManifestException(List<String> problems) {
    super(String.join("; ", problems));
  }
}
