// SPDX-License-Identifier: Apache-2.0
/**
 * Settings: one table of keys ({@link dev.millrace.gateway.config.ConfigKey}), read from a YAML
 * file, the environment and flags ({@link dev.millrace.gateway.config.ConfigLoader}) into one
 * immutable record ({@link dev.millrace.gateway.config.GatewayConfig}). Only this package reads the
 * environment.
 */
@NullMarked
package dev.millrace.gateway.config;

import org.jspecify.annotations.NullMarked;
