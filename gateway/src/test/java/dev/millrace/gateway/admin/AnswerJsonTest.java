// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.util.JsonFormat;
import dev.millrace.proto.admin.v1.Event;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class AnswerJsonTest {
  @Test
  void messagesAreReadableInATerminal() {
    Event event = Event.newBuilder().setFailure("model 'x': p99 > 5 <&=").build();

    assertThat(AnswerJson.printLine(event)).contains("\"failure\":\"model 'x': p99 > 5 <&=\"");
    assertThat(AnswerJson.print(event)).endsWith("}\n").contains("\"oldValue\": \"\"");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"'", "\\'", "\\\\'", "\\u003d", "\\\\u0026", "=\\=\\\\=", "\"'\\", "a\n<"})
  void whatIsPrintedIsReadAsWhatItWas(String text) throws Exception {
    Event event = Event.newBuilder().setFailure(text).build();
    Event.Builder read = Event.newBuilder();

    JsonFormat.parser().merge(AnswerJson.print(event), read);

    assertThat(read.build()).isEqualTo(event);
  }
}
