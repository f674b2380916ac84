// SPDX-License-Identifier: Apache-2.0
/**
 * Scheduling in virtual time: arrivals, service times and replicas are simulated, the scheduler is
 * the production one (or a baseline to hold it against).
 */
@org.jspecify.annotations.NullMarked
package dev.millrace.loadtest.simulator;
