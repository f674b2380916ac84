// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.gateway.config.LiveSettings.Changeable;
import dev.millrace.gateway.config.LiveSettings.Outcome;
import dev.millrace.gateway.config.LiveSettings.Shown;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class LiveSettingsTest {
  private static final Origin ANNA = Origin.caller("anna");

  private final List<LogLevel> applied = new ArrayList<>();
  private final LiveSettings settings =
      new LiveSettings(
          ConfigValues.defaults()
              .with(ConfigKey.GRPC_PORT, 9001, Origin.flag("--grpc-port"))
              .with(ConfigKey.ADMIN_TOKEN_FILE, Optional.of(Path.of("/etc/token")))
              .with(
                  ConfigKey.REGISTRIES,
                  List.of(
                      new ModelLocation.Mlflow(
                          URI.create("http://one:5000"),
                          new MlflowAccess(
                              Optional.of("anna"),
                              Optional.of(Path.of("/etc/token two")),
                              Optional.empty())),
                      new ModelLocation.S3("models", ""))),
          List.of(new Changeable<>(ConfigKey.LOG_LEVEL, applied::add)));

  private Shown shown(ConfigKey<?> key) {
    return settings.all().stream()
        .filter(shown -> shown.key().equals(key.name()))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void showsEverySettingAndWhereItCameFrom() {
    assertThat(settings.all())
        .extracting(Shown::key)
        .containsExactlyElementsOf(ConfigKey.ALL.stream().map(ConfigKey::name).toList());
    assertThat(shown(ConfigKey.GRPC_PORT))
        .isEqualTo(new Shown("grpc_port", "9001", "flag --grpc-port", "0..65535", false));
    assertThat(shown(ConfigKey.LOG_LEVEL).isChangeable()).isTrue();
  }

  @Test
  void doesNotShowWhereSecretsLie() {
    assertThat(shown(ConfigKey.ADMIN_TOKEN_FILE).value()).isEqualTo("set");
    assertThat(shown(ConfigKey.MLFLOW_TOKEN_FILE).value()).isEqualTo("not set");
    assertThat(shown(ConfigKey.REGISTRIES).value())
        .contains("mlflow+http://one:5000 username=set password_file=set")
        .contains("s3://models");
    assertThat(settings.all())
        .noneMatch(shown -> shown.value().contains("/etc/token") || shown.value().contains("anna"));
  }

  @Test
  void changesWhatMayBeChanged() {
    Outcome outcome = settings.change("log_level", "debug", ANNA);

    assertThat(applied).containsExactly(LogLevel.DEBUG);
    assertThat(outcome).isEqualTo(new Outcome.Changed("info", shown(ConfigKey.LOG_LEVEL)));
    assertThat(shown(ConfigKey.LOG_LEVEL).value()).isEqualTo("debug");
    assertThat(shown(ConfigKey.LOG_LEVEL).origin()).isEqualTo("changed by anna");
  }

  @Test
  void saysWhyItDoesNotChangeSomething() {
    assertThat(settings.change("log_lvel", "debug", ANNA))
        .isEqualTo(new Outcome.Unknown("unknown setting 'log_lvel' (did you mean log_level?)"));
    assertThat(settings.change("grpc_port", "1", ANNA))
        .isEqualTo(
            new Outcome.Fixed(
                "grpc_port: fixed while the gateway runs, from flag --grpc-port (expected one of"
                    + " log_level)"));
    assertThat(settings.change("log_level", "loud", ANNA))
        .isEqualTo(
            new Outcome.Invalid(
                "log_level: loud (expected " + ConfigKey.LOG_LEVEL.expected() + ")"));
    assertThat(applied).isEmpty();
    assertThat(shown(ConfigKey.LOG_LEVEL).value()).isEqualTo("info");
  }
}
