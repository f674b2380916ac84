// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

/**
 * What is known of one model version.
 *
 * @param version 0 if the model has no version that could be named
 * @param reason why it is not READY, or READY elsewhere than it was to be; empty if there is
 *     nothing to say
 * @param required whether the gateway is ready only while this model is
 * @param loadNanos how long fetching, loading and warming took; 0 until it is READY
 */
public record ModelStatus(
    String name,
    long version,
    VersionState state,
    String reason,
    boolean required,
    long loadNanos) {}
