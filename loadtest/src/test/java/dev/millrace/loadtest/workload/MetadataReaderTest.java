// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import static dev.millrace.loadtest.workload.OipStub.tensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.tensor.DataType;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.net.ServerSocket;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MetadataReaderTest {
  private OipStub server;

  @BeforeEach
  void start() throws IOException {
    server = new OipStub();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void learnsNamesTypesAndShapes() {
    server.model("m", List.of(tensor("x", "FP32", -1, 16)), List.of(tensor("y", "INT64", -1, 4)));

    ModelSignature model = read("m");

    assertThat(model.inputs()).containsExactly(Signatures.spec("x", DataType.FP32, -1, 16));
    assertThat(model.outputs()).containsExactly(Signatures.spec("y", DataType.INT64, -1, 4));
  }

  @Test
  void namesTheModelThatTheServerDoesNotKnow() {
    assertThatThrownBy(() -> read("other:2"))
        .isInstanceOf(WorkloadException.class)
        .hasMessage("model 'other:2': unknown to %s: no such model", server.address());
  }

  @Test
  void namesTheServerThatCannotBeReached() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("localhost", port).usePlaintext().build();
    try {
      assertThatThrownBy(() -> new MetadataReader(channel).read(ModelShare.parse("m")))
          .isInstanceOf(WorkloadException.class)
          .hasMessageStartingWith("localhost:%d: cannot be reached: ", port)
          .hasMessageContaining("Connection refused");
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void namesTheHostThatHasNoAddress() {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("no-such-host.invalid", 1).usePlaintext().build();
    try {
      assertThatThrownBy(() -> new MetadataReader(channel).read(ModelShare.parse("m")))
          .isInstanceOf(WorkloadException.class)
          .hasMessageStartingWith("no-such-host.invalid:1: cannot be reached: ");
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void tellsARefusalFromADeadServer() {
    server.refuse(Status.UNAVAILABLE.withDescription("still loading"));
    assertThatThrownBy(() -> read("m"))
        .hasMessage("model 'm': %s answers UNAVAILABLE: still loading", server.address());

    server.refuse(Status.UNIMPLEMENTED.withDescription("what?"));
    assertThatThrownBy(() -> read("m"))
        .hasMessage("%s: not a server of the Open Inference Protocol: what?", server.address());
  }

  @Test
  void refusesModelsThatItCannotFeed() {
    server.model("none", List.of(), List.of());
    server.model("odd", List.of(tensor("x", "STRING", 1)), List.of());

    assertThatThrownBy(() -> read("none"))
        .hasMessage("model 'none': the server names no inputs (expected at least one)");
    assertThatThrownBy(() -> read("odd"))
        .hasMessageStartingWith("model 'odd' input 'x': datatype 'STRING' (expected one of [BOOL")
        .hasMessageEndingWith("BF16])");
  }

  private ModelSignature read(String model) {
    return new MetadataReader(server.channel()).read(ModelShare.parse(model));
  }
}
