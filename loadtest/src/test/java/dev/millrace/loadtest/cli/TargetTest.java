// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loadtest.workload.WorkloadException;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TargetTest {
  @Test
  void readsHostsAndPorts() {
    assertThat(Target.parse("localhost:9001")).isEqualTo(new Target("localhost", 9001));
    assertThat(Target.parse("[::1]:9001")).isEqualTo(new Target("::1", 9001));
    assertThat(Target.parse("[::1]")).hasToString("[::1]:8001");
    assertThat(Target.parse("gpu-1")).hasToString("gpu-1:8001");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ":80", "a:0", "a:65536", "a:b", "http://a:80", "::1", "a b:1"})
  void saysWhatIsExpected(String text) {
    assertThatThrownBy(() -> Target.parse(text))
        .isInstanceOf(WorkloadException.class)
        .hasMessage("server '%s' (expected HOST:PORT, like 127.0.0.1:8001)", text);
  }

  @Test
  void aHostThatNobodyKnowsIsNamed() {
    assertThatThrownBy(() -> new Target("no-such-host.invalid", 1).resolve())
        .isInstanceOf(UnknownHostException.class)
        .hasMessage("no-such-host.invalid: unknown host");
  }
}
