// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

/** Where a model version is in its life. */
public enum VersionState {
  /** Known, and not begun: its content is still on its way into the repository, say. */
  PENDING,
  /** Its files are being brought to this machine. */
  FETCHING,
  /** Its engine is loading it. */
  LOADING,
  /** Its replicas run their first batches. */
  WARMING,
  /** It serves. */
  READY,
  /** It takes no new requests and finishes those it has. */
  DRAINING,
  /** It is gone. */
  UNLOADED,
  /** It could not be loaded; the reason is kept beside this state. */
  FAILED
}
