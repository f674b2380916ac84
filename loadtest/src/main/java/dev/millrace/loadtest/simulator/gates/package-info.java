// SPDX-License-Identifier: Apache-2.0
/**
 * What our scheduler is held to: each gate is a comparison with a target, made in many cells (a
 * model, replicas, a load), of which the worst counts. All of it runs in virtual time with fixed
 * seeds, so a gate that was met is met again until the code changes.
 */
@org.jspecify.annotations.NullMarked
package dev.millrace.loadtest.simulator.gates;
