// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.io.IOException;
import java.nio.file.Path;

/** Copies one file; a seam where tests let a file change while it is read. */
interface FileCopy {
  void copy(Path from, Path to) throws IOException;
}
