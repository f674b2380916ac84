// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

/** The least important events that are still logged. */
public enum LogLevel {
  ERROR,
  WARN,
  INFO,
  DEBUG
}
