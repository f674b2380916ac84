// SPDX-License-Identifier: Apache-2.0
/**
 * The command line: one class a command, the JSON forms of requests, the gRPC client that the
 * commands share, and the demo.
 */
@NullMarked
package dev.millrace.gateway.cli;

import org.jspecify.annotations.NullMarked;
