// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The completion script, asked by bash for what a user would be offered. */
@Timeout(30)
final class CompletionTest {
  @TempDir private Path folder;
  private Path script;

  @BeforeEach
  void writeTheScript() throws Exception {
    script =
        Files.writeString(folder.resolve("completion"), new TestShell().run("completion").out());
  }

  @Test
  void offersEveryAdminCommand() throws Exception {
    assertThat(offered(""))
        .contains("apply", "deployments", "wait", "scale", "promote", "rollback", "undeploy")
        .contains("events", "registry");
    assertThat(offered("registry", "")).contains("push", "list", "show", "alias", "rm");
    assertThat(offered("unde")).containsExactly("undeploy");
  }

  @Test
  void offersTheirOptionsAndTheFormatsOfAnswers() throws Exception {
    assertThat(offered("wait", "--")).contains("--timeout", "--output", "--server");
    assertThat(offered("registry", "push", "--")).contains("--alias", "--output");
    assertThat(offered("scale", "--output", "")).containsExactly("table", "json", "yaml");
    assertThat(offered("registry", "list", "-o", "j")).containsExactly("json");
  }

  /** What bash offers when the tabulator key is pressed behind the last of these words. */
  private List<String> offered(String... words) throws Exception {
    String quoted =
        Arrays.stream(words).map(word -> "'" + word + "'").collect(Collectors.joining(" "));
    String asked =
        "source %s; COMP_WORDS=(millrace %s); COMP_CWORD=%d; _complete_millrace 2>/dev/null; printf '%%s\\n' \"${COMPREPLY[@]}\""
            .formatted(script, quoted, words.length);
    Process bash = new ProcessBuilder("bash", "-c", asked).redirectErrorStream(true).start();
    String said = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(bash.waitFor()).as(said).isZero();
    return said.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
  }
}
