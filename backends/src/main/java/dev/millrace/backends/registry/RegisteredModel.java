// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.registry;

import java.util.List;
import java.util.SortedMap;

/**
 * A model and its versions.
 *
 * @param versions ascending
 * @param aliases the version that each is on
 */
public record RegisteredModel(
    String name, List<RegisteredVersion> versions, SortedMap<String, Long> aliases) {}
