// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.natives;

import dev.millrace.backends.natives.NativesException;
import java.io.IOException;
import java.nio.file.Path;

/** Brings archives of a package registry. */
@FunctionalInterface
public interface ArchiveClient {

  /**
   * Puts the archive into an empty folder.
   *
   * @param platform such as {@code linux-x64}
   * @throws NativesException if there is none of that version; the message says what there is
   */
  void fetch(NativesSource source, String version, String platform, Path folder)
      throws IOException, InterruptedException, NativesException;
}
