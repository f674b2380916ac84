// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

/** How a log event is written: a line to read, or a JSON object in a line. */
public enum LogFormat {
  TEXT,
  JSON
}
