// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.StatusOr;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * Resolves {@code list:///127.0.0.1:5001,127.0.0.1:5002}. DNS gives several addresses of one port,
 * and a machine has one of 127.0.0.1 for each gateway.
 */
final class AddressList extends NameResolverProvider implements AutoCloseable {
  AddressList() {
    NameResolverRegistry.getDefaultRegistry().register(this);
  }

  static String target(String... addresses) {
    return "list:///" + String.join(",", addresses);
  }

  @Override
  public NameResolver newNameResolver(URI target, NameResolver.Args args) {
    List<EquivalentAddressGroup> addresses =
        Arrays.stream(target.getPath().substring(1).split(","))
            .map(AddressList::address)
            .map(EquivalentAddressGroup::new)
            .toList();
    return new NameResolver() {
      @Override
      public String getServiceAuthority() {
        return "gateways";
      }

      @Override
      public void start(Listener2 listener) {
        listener.onResult(
            ResolutionResult.newBuilder()
                .setAddressesOrError(StatusOr.fromValue(addresses))
                .build());
      }

      @Override
      public void shutdown() {}
    };
  }

  private static SocketAddress address(String text) {
    int colon = text.lastIndexOf(':');
    return new InetSocketAddress(
        text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
  }

  @Override
  public Collection<Class<? extends SocketAddress>> getProducedSocketAddressTypes() {
    return Set.of(InetSocketAddress.class);
  }

  @Override
  public String getDefaultScheme() {
    return "list";
  }

  @Override
  protected boolean isAvailable() {
    return true;
  }

  @Override
  protected int priority() {
    return 5;
  }

  @Override
  public void close() {
    NameResolverRegistry.getDefaultRegistry().deregister(this);
  }
}
