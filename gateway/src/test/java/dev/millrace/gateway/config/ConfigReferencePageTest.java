// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import java.io.IOException;
import org.junit.jupiter.api.Test;

final class ConfigReferencePageTest {
  private static final String HEAD =
      """
      <!-- Generated from ConfigKey by ConfigReferencePageTest, which says how to write it anew. -->
      # Configuration

      Every setting has one name. It can be given in four places; the later beats the earlier:

      1. the default,
      2. a YAML file, named by `--config FILE` or the variable `MILLRACE_CONFIG`,
      3. the environment: `MILLRACE_` and the name in capitals, such as `MILLRACE_GRPC_PORT`,
      4. the command line: `--set grpc_port=9000`, or a flag of its own where there is one. Of
         several on one command line the last wins.

      `millrace check-config` takes the same flags as `serve` and shows the value of every setting
      and where it came from, without starting anything. All problems are reported at once; a name
      that is not in the table is one of them, wherever it stands.

      ```yaml
      # millrace.yaml
      repositories:
        - models
      model_control: poll
      max_message_bytes: 64MiB
      ```

      Durations are whole numbers with `us`, `ms`, `s`, `m` or `h`; sizes are bytes, or whole numbers
      with `KiB`, `MiB` or `GiB`. A list is a YAML list, and elsewhere its items are separated by
      commas (`--repository` is given again instead); an entry of a map is `name=value` there.
      Relative paths in a file start at the file's folder, and elsewhere at the working directory.

      ## Settings

      """;

  private static final String TAIL =
      """

      ## Variables that are no settings

      | variable | read by | meaning |
      |---|---|---|
      | `MILLRACE_CONFIG` | `serve`, `check-config` | The YAML file, unless `--config` names one. |
      | `MILLRACE_JAVA_HOME` | the launcher | The JDK to run on, before any other that is installed. |
      | `MILLRACE_JVM_FLAGS` | the launcher | Further flags for the JVM, separated by blanks. |
      | `MILLRACE_HOME` | the launcher | The folder of the installation, when the launcher was copied out of it. |

      Any other variable that begins with `MILLRACE_` is a mistake, except those that Kubernetes puts
      into every pod for services whose name begins with `millrace` (`MILLRACE_SERVICE_HOST`, …).
      """;

  @Test
  void thePageIsUpToDate() throws IOException {
    StringBuilder page = new StringBuilder(HEAD);
    page.append("| setting | default | allowed | meaning |\n|---|---|---|---|\n");
    for (ConfigKey<?> key : ConfigKey.ALL) {
      page.append(
          "| `%s` | %s | %s | %s |\n"
              .formatted(
                  key.name(),
                  key.defaultText(),
                  // a bar would end the cell
                  key.expected().replace("|", " \\| "),
                  key.doc()));
    }
    ReferencePage.check("configuration.md", page.append(TAIL).toString());
  }
}
