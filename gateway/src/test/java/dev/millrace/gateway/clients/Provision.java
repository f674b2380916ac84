// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.clients;

import java.nio.file.Path;

/** A program of others that a test needs. */
sealed interface Provision {

  /** It is there. */
  record Installed(Path program) implements Provision {}

  /** This machine lacks what it takes to install it: the reason for which a test is skipped. */
  record Impossible(String reason) implements Provision {}
}
