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

      ## Credentials of one registry

      An item of `registries` or `repositories` may be a map: its `url`, and how this one is reached.

      ```yaml
      registries:
        - mlflow+https://one.example.com
        - url: mlflow+https://two.example.com
          username: millrace
          password_file: two-password
        - url: s3://models/prod
          endpoint: https://minio.example.com
          access_key_id: MILLRACE
          secret_access_key_file: minio-secret
      ```

      | option | of | meaning | unless given |
      |---|---|---|---|
      | `username`, `password_file` | `mlflow+…` | Basic authentication; the file holds one line. | `mlflow_username`, `mlflow_password_file` or `mlflow_token_file` |
      | `token_file` | `mlflow+…` | `authorization: Bearer TOKEN`, in place of the two. | as above |
      | `endpoint` | `s3://…` | Server that is not Amazon's. | `s3_endpoint` |
      | `region` | `s3://…` | Region. | `s3_region` |
      | `access_key_id`, `secret_access_key_file` | `s3://…` | Key that requests are signed with. | what the AWS tools find |

      Elsewhere an item goes on with its options, each after a blank:
      `--registry "mlflow+https://two.example.com token_file=two-token"`.

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
