// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.registry;

/**
 * A file of a version.
 *
 * @param name below the version's folder, with slashes
 * @param size in bytes
 * @param sha256 in hex
 */
public record RegisteredFile(String name, long size, String sha256) {}
