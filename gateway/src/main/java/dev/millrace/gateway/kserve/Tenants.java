// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.gateway.config.GatewayConfig;
import io.grpc.Metadata;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whose a call is, by one of its headers, as a number that queues can share by. Tenants with a
 * weight have numbers of their own; all others share the numbers that are left, by a hash of their
 * names, so two of them may count as one. A call without a name, or with one that is too long, is
 * nobody's: 0.
 */
final class Tenants {
  private final Metadata.@Nullable Key<String> header;
  private final Map<String, Integer> numbers = new HashMap<>();
  private final int firstShared;

  Tenants(GatewayConfig.Sharing sharing) {
    header =
        sharing.tenantHeader().isEmpty()
            ? null
            : Metadata.Key.of(sharing.tenantHeader(), Metadata.ASCII_STRING_MARSHALLER);
    for (String name : sharing.tenantWeights().keySet()) {
      numbers.put(name, numbers.size() + 1);
    }
    firstShared = numbers.size() + 1;
  }

  /** The number of a call's tenant, 0..{@link GatewayConfig.Sharing#TENANTS} - 1. */
  int numberOf(Metadata headers) {
    if (header == null) {
      return 0;
    }
    String name = headers.get(header);
    if (name == null || name.isEmpty() || name.length() > GatewayConfig.Sharing.MOST_NAME_LENGTH) {
      return 0;
    }
    Integer number = numbers.get(name);
    return number != null
        ? number
        : firstShared + Math.floorMod(name.hashCode(), GatewayConfig.Sharing.TENANTS - firstShared);
  }
}
