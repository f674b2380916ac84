// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Keeps {@code docs/reference/model-configuration.md} equal to what the code does. */
final class ModelConfigurationPageTest {
  private static final Path PAGE = Path.of("..", "docs", "reference", "model-configuration.md");

  @Test
  void thePageIsWhatTheCodeSays() throws IOException {
    String page = ModelConfigurationPage.render();
    if (Boolean.getBoolean("millrace.docs.write")) {
      Files.createDirectories(PAGE.resolveSibling("."));
      Files.writeString(PAGE, page);
    }

    assertThat(PAGE)
        .as(
            "out of date; write it anew with: mvn -pl batching,backends test"
                + " -Dtest=ModelConfigurationPageTest -Dsurefire.failIfNoSpecifiedTests=false"
                + " -Dmillrace.docs.write=true")
        .exists()
        .content()
        .isEqualTo(page);
  }
}
