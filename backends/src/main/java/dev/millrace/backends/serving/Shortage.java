// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import java.util.function.BooleanSupplier;

/**
 * Memory that a load lacked.
 *
 * @param reason what it needs, and what is free of what there is
 * @param mayPass whether it may fit without a change of the budget: once others are gone
 * @param isOver asked later whether it is worth another try
 */
public record Shortage(String reason, boolean mayPass, BooleanSupplier isOver) {}
