// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Registries and buckets that are reached each in a way of its own. */
final class LocationOptionsTest {
  @TempDir Path folder;

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("millrace.yaml"), text);
  }

  private List<ModelLocation> registries(String text) throws Exception {
    return ConfigLoader.load(file(text), Map.of(), List.of()).get(ConfigKey.REGISTRIES);
  }

  private List<String> problems(String text) throws IOException {
    Path file = file(text);
    return catchThrowableOfType(
            ConfigException.class, () -> ConfigLoader.load(file, Map.of(), List.of()))
        .problems()
        .stream()
        .map(problem -> problem.replaceFirst(", from .*", ""))
        .toList();
  }

  private static Optional<Path> path(Path path) {
    return Optional.of(path);
  }

  @Test
  void eachRegistryMayHaveCredentialsOfItsOwn() throws Exception {
    assertThat(
            registries(
                """
                registries:
                  - mlflow+http://one:5000
                  - {url: "mlflow+https://two", username: gateway, password_file: secrets/two}
                  - token_file: /run/three
                    url: mlflow+https://three/path/
                """))
        .containsExactly(
            new ModelLocation.Mlflow(URI.create("http://one:5000")),
            new ModelLocation.Mlflow(
                URI.create("https://two"),
                new MlflowAccess(
                    Optional.of("gateway"), path(folder.resolve("secrets/two")), Optional.empty())),
            new ModelLocation.Mlflow(
                URI.create("https://three/path"),
                new MlflowAccess(Optional.empty(), Optional.empty(), path(Path.of("/run/three")))));
  }

  @Test
  void eachBucketMayHaveAServerAndAKeyOfItsOwn() throws Exception {
    assertThat(
            registries(
                """
                registries:
                  - s3://models/prod
                  - url: s3://models/test
                    endpoint: http://minio:9000/
                    region: eu-west-1
                    access_key_id: AKIA1
                    secret_access_key_file: key
                """))
        .containsExactly(
            new ModelLocation.S3("models", "prod"),
            new ModelLocation.S3(
                "models",
                "test",
                new S3Access(
                    Optional.of(URI.create("http://minio:9000")),
                    Optional.of("eu-west-1"),
                    Optional.of("AKIA1"),
                    path(folder.resolve("key")))));
  }

  @Test
  void isWrittenInOneLineElsewhereAndShownAsThat() throws Exception {
    String text =
        "mlflow+https://two username=gateway password_file=/my secrets/two, mlflow+http://one:5000,"
            + " s3://models region=eu-west-1";

    ConfigValues values = ConfigLoader.load(Map.of("MILLRACE_REGISTRIES", text), List.of());

    assertThat(values.text(ConfigKey.REGISTRIES)).isEqualTo(text);
    assertThat(values.get(ConfigKey.REGISTRIES).getFirst())
        .isEqualTo(
            new ModelLocation.Mlflow(
                URI.create("https://two"),
                new MlflowAccess(
                    Optional.of("gateway"), path(Path.of("/my secrets/two")), Optional.empty())));
  }

  @Test
  void saysWhatIsWrongWithAnOption() throws Exception {
    assertThat(problems("registries: [{url: 'mlflow+http://a', pasword_file: x}]"))
        .containsExactly(
            "registries: mlflow+http://a: unknown option 'pasword_file' (did you mean"
                + " password_file?) (expected username, password_file, token_file)");
    assertThat(problems("registries: [{url: 'mlflow+http://a', username: x}]"))
        .containsExactly("registries: mlflow+http://a: username without password_file");
    assertThat(problems("registries: [{url: 'mlflow+http://a', password_file: x}]"))
        .containsExactly("registries: mlflow+http://a: password_file without username");
    assertThat(
            problems(
                "registries: [{url: 'mlflow+http://a', username: x, password_file: y, token_file:"
                    + " z}]"))
        .containsExactly(
            "registries: mlflow+http://a: both username and token_file (expected one)");
    assertThat(problems("registries: [{url: 's3://models', access_key_id: x}]"))
        .containsExactly("registries: s3://models: access_key_id without secret_access_key_file");
    assertThat(problems("registries: [{url: 's3://models', endpoint: 'minio:9000'}]"))
        .containsExactly(
            "registries: s3://models: endpoint: no server (expected http://HOST:PORT or"
                + " https://HOST:PORT)");
    assertThat(problems("registries: [{url: 's3://models', region: }]"))
        .containsExactly("registries: s3://models: region: nothing (expected a text)");
    assertThat(problems("registries: [{url: 's3://models', token_file: x}]"))
        .singleElement()
        .asString()
        .contains("unknown option 'token_file'")
        .contains("(expected endpoint, region, access_key_id, secret_access_key_file)");
  }

  @Test
  void whatMayBeASecretIsInNoMessage() throws Exception {
    assertThat(problems("registries: [{url: 'mlflow+http://a', password: hunter2}]"))
        .singleElement()
        .asString()
        .contains("unknown option 'password'")
        .doesNotContain("hunter2");
    assertThat(problems("registries: [{url: 'http://a', password: hunter2}]"))
        .containsExactly("registries: http://a: takes no options, or is no place");
    assertThat(problems("registries: [{url: 's3://A', password: hunter2}]"))
        .containsExactly("registries: s3://A: takes no options, or is no place");
  }

  @Test
  void aMapNeedsAUrl() throws Exception {
    assertThat(problems("registries: [{username: x}]"))
        .containsExactly(
            "registries: nested (expected a value or a list, of maps with a url if need be)");
    assertThat(problems("registries: [{url: 's3://models', endpoint: {a: b}}]")).hasSize(1);
  }

  @Test
  void theCredentialsOfAllServersBelongTogether() throws Exception {
    assertThat(problems("mlflow_username: x"))
        .containsExactly("mlflow_username: given without mlflow_password_file");
    assertThat(problems("mlflow_password_file: x"))
        .containsExactly("mlflow_password_file: given without mlflow_username");
    assertThat(problems("{mlflow_username: x, mlflow_password_file: y, mlflow_token_file: z}"))
        .containsExactly("mlflow_token_file: given together with mlflow_username (expected one)");
  }

  @Test
  void aRegistrysOwnCredentialsStandInPlaceOfThoseOfAll() {
    MlflowAccess all = new MlflowAccess(Optional.empty(), Optional.empty(), path(Path.of("all")));
    MlflowAccess own = new MlflowAccess(Optional.of("me"), path(Path.of("mine")), Optional.empty());

    assertThat(own.or(all)).isEqualTo(own);
    assertThat(MlflowAccess.NONE.or(all)).isEqualTo(all);
  }
}
