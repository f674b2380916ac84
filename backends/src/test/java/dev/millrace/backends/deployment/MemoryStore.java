// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import java.util.List;

/** Deployments that are kept nowhere: each test begins with none. */
public final class MemoryStore implements DeploymentStore {
  @Override
  public List<Stored> load() {
    return List.of();
  }

  @Override
  public void save(Stored stored) {}

  @Override
  public void delete(String name) {}
}
