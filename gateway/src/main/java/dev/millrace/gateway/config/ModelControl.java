// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

/** What makes the set of served models change while the gateway runs. */
public enum ModelControl {
  /** Nothing: what the repositories hold at the start is served. */
  NONE,
  /** The repositories are looked through every poll interval. */
  POLL,
  /** Calls of RepositoryModelLoad and RepositoryModelUnload. */
  EXPLICIT
}
