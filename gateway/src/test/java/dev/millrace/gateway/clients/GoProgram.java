// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.clients;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;

/**
 * A program that {@code go install} builds.
 *
 * @param path of its package
 * @param version of its module
 */
record GoProgram(String path, String version) {
  static final GoProgram GRPCURL =
      new GoProgram("github.com/fullstorydev/grpcurl/cmd/grpcurl", "v1.9.4");

  // grpcurl takes minutes on two busy cores, most of it for the xDS libraries
  private static final Duration INSTALL_TIMEOUT = Duration.ofMinutes(20);

  String name() {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  Provision provide(ProvisionCache cache) throws IOException, InterruptedException {
    if (new Program("go", INSTALL_TIMEOUT, Map.of()).tryRun("version").isEmpty()) {
      return new Provision.Impossible("no go on the PATH");
    }
    return new Provision.Installed(
        cache
            .folder(
                name() + "-" + version,
                folder ->
                    new Program("go", INSTALL_TIMEOUT, Map.of("GOBIN", folder.toString()))
                        .run("install", path + "@" + version))
            .resolve(name()));
  }
}
