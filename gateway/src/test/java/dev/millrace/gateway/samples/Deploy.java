// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.samples;

import dev.millrace.admin.client.AdminClient;
import dev.millrace.admin.client.EventCursor;
import dev.millrace.admin.client.Outcome;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import dev.millrace.proto.admin.v1.RegisteredVersion;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.nio.file.Path;
import java.time.Duration;

/** Deploys a model, as a step of a build does. */
public final class Deploy {
  private Deploy() {}

  /** Returns the exit code: 0 if the new version serves. */
  public static int deploy(String gateway, String token, DeploymentSpec spec, Path onnx)
      throws Exception {
    ManagedChannel channel =
        Grpc.newChannelBuilder(gateway, InsecureChannelCredentials.create()).build();
    try {
      AdminClient client = new AdminClient(channel).withToken(token).withActor("build");
      RegisteredVersion pushed = client.push(spec.getName(), onnx);
      client.apply(spec.toBuilder().setVersion(Long.toString(pushed.getVersion())).build());
      Outcome outcome = client.awaitReady(spec.getName(), Duration.ofMinutes(15));
      try (EventCursor events = client.events(spec.getName())) {
        events.forEachRemaining(e -> System.out.println(e.getKind() + " " + e.getNewValue()));
      }
      if (outcome instanceof Outcome.RolledBack given) {
        System.err.println("taken back: " + given.reason());
      }
      return outcome instanceof Outcome.Ready ? 0 : 1;
    } finally {
      channel.shutdownNow();
    }
  }
}
