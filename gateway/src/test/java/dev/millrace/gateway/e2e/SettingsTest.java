// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.millrace.admin.client.AdminClient;
import dev.millrace.admin.client.AdminException;
import dev.millrace.admin.client.EventCursor;
import dev.millrace.admin.client.Outcome;
import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.cli.TestShell;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.proto.admin.v1.Event;
import dev.millrace.proto.admin.v1.ServerSettings;
import dev.millrace.proto.admin.v1.Setting;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The settings of a running gateway, as people and programs see and change them. */
@Timeout(90)
class SettingsTest {
  private static final byte[] LARGE = OnnxModels.mlp(4, 65_536 / 2, 4);

  private final TestShell shell = new TestShell();

  @TempDir private Path folder;
  private TestGateway gateway;
  private AdminClient client;

  @BeforeEach
  void start() {
    gateway =
        TestGateway.over(folder)
            .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
            .set(ConfigKey.REGISTRY_POLL_INTERVAL, Duration.ofHours(1))
            .start();
    client = new AdminClient(gateway.channel()).withActor("anna");
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private TestShell.Run run(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--server");
    all.add("127.0.0.1:" + gateway.gateway().grpcPort());
    return shell.run(all.toArray(String[]::new));
  }

  private Path push(String name, byte[] content) throws Exception {
    Path model = Files.write(folder.resolve("pushed.onnx"), content);
    client.push(name, model);
    return model;
  }

  @Test
  void showsWhatHoldsAndWhereItCameFrom() {
    ServerSettings settings = client.settings();

    assertThat(settings.getVersion()).isNotEmpty();
    assertThat(settings.getStarted().getSeconds()).isPositive();
    assertThat(settings.getSettingsList())
        .extracting(Setting::getKey)
        .containsExactlyElementsOf(ConfigKey.ALL.stream().map(ConfigKey::name).toList());
    String json = gateway.get("/admin/v1/settings").body();
    assertThat(json).contains("\"key\": \"memory_budget\"", "\"uptime\": \"");
    assertThat(run("settings").out())
        .contains("up for", "registry_poll_interval*", "1h", "program", "memory_budget*");
    assertThat(gateway.get("/admin/v1/openapi.json").body())
        .contains("/admin/v1/settings/{key}", "GetSettings");
  }

  @Test
  void aChangeIsAnEventAndSaysWhoMadeIt() {
    TestShell.Run set = run("settings", "set", "shutdown_grace", "5s");
    assertThat(set.err()).isEmpty();
    assertThat(set.out()).isEqualTo("shutdown_grace: 5s\n");
    Setting now = client.set("shutdown_grace", "6s");

    assertThat(now.getOrigin()).isEqualTo("changed by anna at 127.0.0.1");
    try (EventCursor events = client.events("shutdown_grace")) {
      List<Event> all = new ArrayList<>();
      events.forEachRemaining(all::add);
      assertThat(all).extracting(Event::getKind).containsOnly("setting-changed");
      assertThat(all).extracting(Event::getOldValue).containsExactly("30s", "5s");
      assertThat(all).extracting(Event::getNewValue).containsExactly("5s", "6s");
      assertThat(all.getLast().getActor()).isEqualTo("anna at 127.0.0.1");
    }
  }

  @Test
  void whatCannotBeChangedIsRefusedWithTheReason() {
    assertThatExceptionOfType(AdminException.class)
        .isThrownBy(() -> client.set("grpc_port", "1"))
        .withMessageContaining("grpc_port: fixed while the gateway runs, from program");
    HttpResponse<String> unknown =
        gateway.send("PUT", "/admin/v1/settings/memory_bugdet", "{\"value\": \"1GiB\"}");
    assertThat(unknown.statusCode()).isEqualTo(404);
    assertThat(unknown.body()).contains("did you mean memory_budget?");
    HttpResponse<String> invalid =
        gateway.send("PUT", "/admin/v1/settings/memory_budget", "{\"value\": \"much\"}");
    assertThat(invalid.statusCode()).isEqualTo(400);
    assertThat(invalid.body()).contains("memory_budget: much (expected a size such as 500MiB");
  }

  @Test
  void aLargerBudgetLetsInWhatDidNotFit() throws Exception {
    push("large", LARGE);
    client.set("memory_budget", "1MiB");
    gateway.deploy("large", "{\"version\": \"1\"}");
    await()
        .atMost(TestGateway.PATIENCE)
        .until(() -> gateway.get("/admin/v1/deployments/large").body().contains("memory_budget"));

    client.set("memory_budget", "1GiB");

    // what it was refused for stands there until the load is tried again
    await()
        .atMost(TestGateway.PATIENCE)
        .until(() -> Outcome.of(client.deployment("large")).orElse(null) instanceof Outcome.Ready);
    assertThat(gateway.infer("large", Tensor.rows(1, 1))).hasSize(1);
    assertThat(gateway.metrics().sum("millrace_memory_budget_bytes")).isEqualTo(1L << 30);
  }

  @Test
  void aShorterIntervalNoticesWhatSomebodyElseHasChanged() throws Exception {
    push("fraud", OnnxModels.identity(DataType.FP32, "n", 4));
    push("fraud", OnnxModels.unary("Neg", DataType.FP32, "n", 4));
    client.setAlias("fraud", "champion", 1);
    gateway.deploy("fraud", "{\"version\": \"@champion\"}");
    client.awaitReady("fraud", TestGateway.PATIENCE);
    Path aliases = folder.resolve("data/registry/fraud/.aliases.yaml");
    Files.writeString(aliases, Files.readString(aliases).replace("champion: 1", "champion: 2"));

    client.set("registry_poll_interval", "100ms");

    await()
        .atMost(TestGateway.PATIENCE)
        .until(
            () ->
                client
                    .deployment("fraud")
                    .getStatus()
                    .getRollout()
                    .getToList()
                    .equals(List.of(2L)));
  }
}
