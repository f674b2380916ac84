// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.millrace.backends.repository.ConfigOverlay;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a file declares, as the gateway is told. */
class DeploymentFileTest {

  private static DeploymentSpec read(String text) throws Exception {
    return DeploymentFile.read("d.yaml", text).getFirst();
  }

  private static Value setting(String literal) throws Exception {
    Struct config = read("name: d\nconfig: {engine: {x: %s}}".formatted(literal)).getConfig();
    return config.getFieldsOrThrow("engine").getStructValue().getFieldsOrThrow("x");
  }

  /** An engine's settings are texts: model.yaml takes them with the digits that are written. */
  @ParameterizedTest
  @CsvSource({"1.10", "1.0", "0.10", "1.123456789012345678901"})
  void aSettingKeepsItsDigits(String literal) throws Exception {
    assertThat(setting(literal).getStringValue()).isEqualTo(literal);
  }

  @ParameterizedTest
  @CsvSource({"3", "-1", "0.5", "1.1"})
  void aNumberThatKeepsThemAnywayIsANumber(String literal) throws Exception {
    assertThat(setting(literal).getNumberValue()).isEqualTo(Double.parseDouble(literal));
  }

  /** As in model.yaml: 64.0 is no whole number, and "64" is a text. */
  @ParameterizedTest
  @CsvSource({"64.0, false", "64, true", "'\"64\"', false", "64.5, false"})
  void aWholeNumberIsWrittenAsInModelYaml(String literal, boolean isTaken) throws Exception {
    String yaml = "max_batch_size: " + literal;
    Value told =
        read("name: d\nconfig: {%s}".formatted(yaml))
            .getConfig()
            .getFieldsOrThrow("max_batch_size");
    String json =
        told.hasStringValue()
            ? "\"" + told.getStringValue() + "\""
            : Double.toString(told.getNumberValue()).replaceAll("\\.0$", "");

    assertThat(ConfigOverlay.problem("{\"max_batch_size\":" + json + "}").isEmpty())
        .isEqualTo(isTaken)
        .isEqualTo(ConfigOverlay.problem("{" + yaml + "}").isEmpty());
  }

  @Test
  void numbersElsewhereAreNumbers() throws Exception {
    DeploymentSpec spec =
        read("name: d\nupdate: {steps: [10], gates: {maxP99Ratio: 1.50, maxErrorRate: 1e-2}}");

    assertThat(spec.getUpdate().getGates().getMaxP99Ratio()).isEqualTo(1.5);
    assertThat(spec.getUpdate().getGates().getMaxErrorRate()).isEqualTo(0.01);
  }
}
