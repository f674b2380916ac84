// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class NearestTest {
  @Test
  void findsTheWordThatASlipAway() {
    List<String> words = List.of("grpc_port", "http_port", "host");

    assertThat(Nearest.to("grpc_prot", words)).contains("grpc_port");
    assertThat(Nearest.to("htp_port", words)).contains("http_port");
    assertThat(Nearest.to("hots", words)).contains("host");
  }

  @Test
  void staysSilentWhenNothingIsNear() {
    assertThat(Nearest.to("batching", List.of("grpc_port", "host"))).isEmpty();
  }

  @Test
  void countsTwoSwappedLettersAsOneEdit() {
    assertThat(Nearest.distance("prot", "port")).isEqualTo(1);
    assertThat(Nearest.distance("", "port")).isEqualTo(4);
    assertThat(Nearest.distance("port", "port")).isZero();
    assertThat(Nearest.distance("kitten", "sitting")).isEqualTo(3);
  }
}
