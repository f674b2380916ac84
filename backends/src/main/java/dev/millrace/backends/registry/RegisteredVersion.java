// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.registry;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * What the registry keeps of a version; none of it ever changes.
 *
 * @param digest over all files: SHA-256 in hex
 * @param files by name
 * @param metadata whoever pushed it says of it
 * @param note the same, in words
 * @param inputs as "name FP32[-1,4]"
 * @param outputs likewise
 * @param pushedBy who
 */
public record RegisteredVersion(
    String model,
    long version,
    String digest,
    Instant created,
    List<RegisteredFile> files,
    Map<String, String> metadata,
    String note,
    List<String> inputs,
    List<String> outputs,
    String pushedBy) {}
