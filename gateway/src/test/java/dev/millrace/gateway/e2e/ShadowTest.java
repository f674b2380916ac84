// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.util.Durations;
import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.cli.TestShell;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.proto.admin.v1.ApplyDeploymentRequest;
import dev.millrace.proto.admin.v1.Condition;
import dev.millrace.proto.admin.v1.Deployment;
import dev.millrace.proto.admin.v1.DeploymentServiceGrpc;
import dev.millrace.proto.admin.v1.DeploymentServiceGrpc.DeploymentServiceBlockingStub;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import dev.millrace.proto.admin.v1.Event;
import dev.millrace.proto.admin.v1.EventServiceGrpc;
import dev.millrace.proto.admin.v1.Gates;
import dev.millrace.proto.admin.v1.GetDeploymentRequest;
import dev.millrace.proto.admin.v1.ShadowStatus;
import dev.millrace.proto.admin.v1.ShadowTraffic;
import dev.millrace.proto.admin.v1.StickyRouting;
import dev.millrace.proto.admin.v1.Tolerance;
import dev.millrace.proto.admin.v1.UpdateStrategy;
import dev.millrace.proto.admin.v1.WatchEventsRequest;
import dev.millrace.proto.admin.v1.WeightedVersion;
import dev.millrace.proto.inference.ModelInferResponse;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Copies of requests, and headers that say which version answers, with real models. */
@Timeout(90)
@ExtendWith(NettyLeaks.class)
class ShadowTest {
  private static final String NAME = "fraud";
  private static final byte[] SAME = OnnxModels.identity(DataType.FP32, "n", 4);
  private static final byte[] NEGATED = OnnxModels.unary("Neg", DataType.FP32, "n", 4);
  private static final byte[] WIDER = OnnxModels.identity(DataType.FP32, "n", 8);

  @TempDir private Path folder;
  private TestGateway gateway;

  @AfterEach
  void stop() {
    gateway.close();
  }

  /** Versions 1, 2 and so on of a model of a repository. */
  private void start(byte[]... versions) {
    TestGateway.Builder models = models();
    for (int i = 0; i < versions.length; i++) {
      models.model(NAME, i + 1, versions[i]);
    }
    gateway = models.start();
  }

  private TestGateway.Builder models() {
    return TestGateway.over(folder)
        .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")));
  }

  private DeploymentServiceBlockingStub deployments() {
    return DeploymentServiceGrpc.newBlockingStub(gateway.channel())
        .withDeadlineAfter(TestGateway.PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private static DeploymentSpec.Builder spec(String version) {
    return DeploymentSpec.newBuilder().setName(NAME).setVersion(version);
  }

  private static ShadowTraffic.Builder shadow(String version) {
    return ShadowTraffic.newBuilder().setVersion(version).setPercent(100);
  }

  private void apply(DeploymentSpec.Builder spec) {
    deployments().applyDeployment(ApplyDeploymentRequest.newBuilder().setSpec(spec).build());
  }

  private Deployment get() {
    return deployments().getDeployment(GetDeploymentRequest.newBuilder().setName(NAME).build());
  }

  private void awaitReady() {
    await()
        .atMost(TestGateway.PATIENCE)
        .until(
            () ->
                get().getStatus().getConditionsList().stream()
                    .filter(Condition::getStatus)
                    .anyMatch(condition -> condition.getType().equals("Ready")));
  }

  private ShadowStatus shadow() {
    List<ShadowStatus> all = get().getStatus().getShadowsList();
    assertThat(all).hasSize(1);
    return all.getFirst();
  }

  /** A deployment of version 1 with a shadow that runs. */
  private void deploy(ShadowTraffic.Builder shadow) {
    apply(spec("1").setShadow(shadow));
    awaitReady();
    await().atMost(TestGateway.PATIENCE).until(() -> shadow().getAgainst() == 1);
  }

  private ShadowStatus awaitCopies(long count) {
    await()
        .atMost(TestGateway.PATIENCE)
        .until(
            () -> shadow().getCompared() + shadow().getFailed() + shadow().getDropped() == count);
    return shadow();
  }

  private ModelInferResponse ask(float first) {
    return gateway.infer(Tensor.request(NAME, Tensor.rows(2, first)));
  }

  private void askAndExpectTheSame(int times) {
    for (int i = 1; i <= times; i++) {
      assertThat(Tensor.of(ask(i))).containsExactly(Tensor.rows(2, i).named("y"));
    }
  }

  private List<Event> events() {
    List<Event> events = new ArrayList<>();
    EventServiceGrpc.newBlockingStub(gateway.channel())
        .watchEvents(WatchEventsRequest.newBuilder().setSubject(NAME).build())
        .forEachRemaining(events::add);
    return events;
  }

  // --- shadows

  @Test
  void aShadowOfTheSameModelAnswersTheSame() {
    start(SAME, SAME);
    deploy(shadow("2"));

    askAndExpectTheSame(20);

    ShadowStatus copies = awaitCopies(20);
    assertThat(copies.getDropped()).isZero();
    assertThat(copies.getCompared()).isEqualTo(20);
    assertThat(copies.getDiffering()).isZero();
    assertThat(gateway.metrics().sum("millrace_shadow_copies_total", "result", "same"))
        .isEqualTo(20);
    assertThat(gateway.metrics().sum("millrace_requests_total", "version", "2")).isZero();
    gateway.awaitIdle();
  }

  @Test
  void aShadowOfAnotherModelIsCountedAndToldAndNeverReturned() {
    start(SAME, NEGATED);
    deploy(shadow("2"));

    askAndExpectTheSame(10);

    ShadowStatus copies = awaitCopies(10);
    assertThat(copies.getDiffering()).isEqualTo(10);
    assertThat(copies.getOutput()).isEqualTo("y");
    assertThat(copies.getLargestDifference()).isEqualTo(2 * 17.0); // rows of 10 to 17
    assertThat(gateway.metrics().sum("millrace_shadow_largest_difference")).isEqualTo(34);
    TestShell.Run shown =
        new TestShell()
            .run("deployments", NAME, "--server", "127.0.0.1:" + gateway.gateway().grpcPort());
    assertThat(shown.out())
        .contains(
            "shadow: version 2 runs 100 % of what 1 answers: 10 compared, "
                + "10 differing (output 'y' by 34.00 at most), 0 incomparable, 0 failed, 0 dropped");

    apply(spec("1"));
    await().atMost(TestGateway.PATIENCE).until(() -> get().getStatus().getShadowsCount() == 0);
    assertThat(events().stream().filter(event -> event.getKind().startsWith("shadow")))
        .extracting(Event::getKind)
        .containsExactly("shadow-began", "shadow-ended");
    assertThat(events().getLast().getNewValue()).contains("10 differing", "output 'y'");
    askAndExpectTheSame(1);
  }

  @Test
  void aShadowWithOtherShapesCannotBeCompared() {
    start(SAME, WIDER);
    deploy(shadow("2"));

    askAndExpectTheSame(3);

    ShadowStatus copies = awaitCopies(3);
    assertThat(copies.getIncomparable()).isEqualTo(3);
    assertThat(copies.getExample()).contains("input 'x': shape [2,4] (expected [-1,8])");
  }

  @Test
  void stringsAreCompared() {
    start(OnnxModels.wordNumbers("cat", "dog"), OnnxModels.wordNumbers("cat", "cow", "dog"));
    deploy(shadow("2"));

    for (String word : List.of("cat", "cat", "dog", "bird")) {
      gateway.infer(Tensor.request(NAME, Tensor.strings("word", new String[] {word}, 1, 1)));
    }

    ShadowStatus copies = awaitCopies(4);
    assertThat(copies.getDiffering()).isEqualTo(1);
    assertThat(copies.getLargestDifference()).isEqualTo(1); // "dog" is 2, or 3
    assertThat(copies.getOutput()).isEqualTo("number");
  }

  @Test
  void aWideToleranceCoversWhatDiffers() {
    start(SAME, NEGATED);
    deploy(shadow("2").setTolerance(Tolerance.newBuilder().setAbsolute(1000)));

    askAndExpectTheSame(5);

    assertThat(awaitCopies(5).getDiffering()).isZero();
  }

  private void startEcho(String second, String... configuration) {
    gateway =
        models()
            .file(NAME + "/model.yaml", "backend: echo\n" + String.join("\n", configuration))
            .file(NAME + "/1/model.echo", "inputs = x FP32[-1,4]")
            .file(NAME + "/2/model.echo", "inputs = x FP32[-1,4]\n" + second)
            .start();
  }

  @Test
  void aShadowThatFailsHarmsNobody() {
    startEcho("fail_when = 13");
    deploy(shadow("2"));

    for (float first : new float[] {13, 100, 13}) {
      assertThat(ask(first).getModelVersion()).isEqualTo("1");
    }

    ShadowStatus copies = awaitCopies(3);
    assertThat(copies.getFailed()).isEqualTo(2);
    assertThat(copies.getExample()).isEqualTo("the input holds 13");
  }

  @Test
  void aShadowThatHangsHarmsNobodyAndIsEnded() {
    startEcho("hang_when = 13", "max_run_time: 2s");
    deploy(shadow("2"));

    ask(13);
    for (int i = 0; i < 100; i++) {
      ask(100 + i);
    }
    await()
        .atMost(TestGateway.PATIENCE)
        .untilAsserted(
            () -> assertThat(gateway.metrics().sum("millrace_in_flight", "version", "1")).isZero());

    ShadowStatus copies = awaitCopies(101);
    assertThat(copies.getFailed()).isEqualTo(1);
    assertThat(copies.getDropped()).isPositive();
    assertThat(copies.getDiffering()).isZero();
  }

  @Test
  void aVersionThatIsNotThereIsToldAndTheOthersServe() throws Exception {
    start(SAME, SAME);
    apply(spec("1").setShadow(shadow("9")));
    awaitReady();

    assertThat(shadow().getReason()).contains("version 9");
    askAndExpectTheSame(1);
    apply(spec("1").setShadow(shadow("1")));
    await().atMost(TestGateway.PATIENCE).until(() -> shadow().getReason().contains("itself"));

    deploy(shadow("2"));
    try (Stream<Path> files = Files.walk(gateway.repository().resolve(NAME + "/2"))) {
      files.sorted(Comparator.reverseOrder()).forEach(ShadowTest::delete);
    }
    apply(spec("1").setShadow(shadow("2")).putLabels("look", "again"));
    await().atMost(TestGateway.PATIENCE).until(() -> !shadow().getReason().isEmpty());
    askAndExpectTheSame(1);
  }

  @Test
  void aVersionThatCannotBeLoadedIsToldAndTheOthersServe() {
    start(SAME, new byte[] {1, 2, 3});
    apply(spec("1").setShadow(shadow("2")));
    awaitReady();

    await()
        .atMost(TestGateway.PATIENCE)
        .until(() -> shadow().getReason().startsWith("version 2 is FAILED: "));
    askAndExpectTheSame(1);
  }

  /** As the guide has it. */
  @Test
  void whatAFileDeclaresOfCopiesSurvivesARestart() throws Exception {
    start(SAME, NEGATED);
    Path file =
        Files.writeString(
            folder.resolve("fraud.yaml"),
            """
            name: fraud
            version: "1"
            shadow: {version: "2", percent: 100, tolerance: {absolute: 0.5, relative: 0.25}}
            sticky: {header: x-user}
            update: {steps: [0, 10, 50], bake: 600s, gates: {maxDivergence: 0.5, tolerance: {absolute: 2}}}
            """);
    TestShell.Run applied =
        new TestShell()
            .run(
                "apply",
                "-f",
                file.toString(),
                "--server",
                "127.0.0.1:" + gateway.gateway().grpcPort());
    assertThat(applied.err()).isEmpty();
    DeploymentSpec before = get().getSpec();
    assertThat(before.getUpdate().getStepsList()).containsExactly(0, 10, 50, 100);
    assertThat(before.getUpdate().getGates().getTolerance().getAbsolute()).isEqualTo(2);

    gateway.close();
    start(SAME, NEGATED);

    awaitReady();
    assertThat(get().getSpec()).isEqualTo(before);
    await().atMost(TestGateway.PATIENCE).until(() -> shadow().getAgainst() == 1);
    askAndExpectTheSame(4);
    assertThat(awaitCopies(4).getDiffering()).isEqualTo(4);
  }

  private static void delete(Path path) {
    try {
      Files.delete(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // --- rollouts

  private static UpdateStrategy.Builder comparing(double maxDivergence, int... steps) {
    UpdateStrategy.Builder update =
        UpdateStrategy.newBuilder()
            .setGates(Gates.newBuilder().setMaxDivergence(maxDivergence).setMinRequests(20));
    for (int step : steps) {
      update.addSteps(step);
    }
    return update;
  }

  private String phase() {
    return get().getStatus().getRollout().getPhase();
  }

  @Test
  void aCanaryThatAnswersOtherwiseIsTakenBackBeforeItGetsAnyTraffic() {
    start(SAME, NEGATED);
    apply(spec("1"));
    awaitReady();
    apply(spec("2").setUpdate(comparing(0.01, 0, 50).setBake(Durations.fromSeconds(60))));
    await().atMost(TestGateway.PATIENCE).until(() -> phase().equals("BAKING"));

    await()
        .atMost(TestGateway.PATIENCE)
        .until(
            () -> {
              askAndExpectTheSame(10);
              return phase().equals("ROLLED_BACK");
            });
    assertThat(get().getStatus().getRollout().getReason())
        .startsWith("other answers than the version it replaces to ")
        .contains("1.0000 (expected at most 0.01): output 'y', largest difference ");
    assertThat(get().getStatus().getRollout().getStep()).isZero();
    await().atMost(TestGateway.PATIENCE).until(() -> get().getStatus().getShadowsCount() == 0);
  }

  @Test
  void aCanaryThatAnswersTheSameGoesFromCopiesToAllTraffic() {
    start(SAME, SAME);
    apply(spec("1"));
    awaitReady();
    apply(spec("2").setUpdate(comparing(0.01, 0, 50).setBake(Durations.fromMillis(100))));
    await().atMost(TestGateway.PATIENCE).until(() -> phase().equals("BAKING"));

    TreeMap<String, Integer> answers = new TreeMap<>();
    await()
        .atMost(TestGateway.PATIENCE)
        .until(
            () -> {
              for (int i = 0; i < 20; i++) {
                answers.merge(ask(i).getModelVersion(), 1, Integer::sum);
              }
              return phase().equals("DONE");
            });
    assertThat(answers.get("1")).isGreaterThan(60); // 20 copies of 10 %
    assertThat(ask(1).getModelVersion()).isEqualTo("2");
  }

  @Test
  void noTrafficIsForThoseWhoCompare() {
    start(SAME, SAME);

    assertThatThrownBy(() -> apply(spec("2").setUpdate(UpdateStrategy.newBuilder().addSteps(0))))
        .hasMessageContaining("0 only with gates.max_divergence");
    assertThatThrownBy(
            () ->
                apply(
                    spec("2")
                        .setShadow(shadow("x").setPercent(101))
                        .setSticky(
                            StickyRouting.newBuilder().setParameter("user").setHeader("x user"))))
        .hasMessageContaining("shadow.version: 'x'")
        .hasMessageContaining("shadow.percent: 101 (expected 1 to 100)")
        .hasMessageContaining("expected one of the two")
        .hasMessageContaining("sticky.header: 'x user'");
  }

  // --- headers

  private ModelInferResponse askWith(String header, String value, String version) {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of(header, Metadata.ASCII_STRING_MARSHALLER), value);
    return gateway
        .stub()
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
        .modelInfer(Tensor.request(NAME, Tensor.rows(1, 1)).setModelVersion(version).build());
  }

  @Test
  void aHeaderSaysWhichVersionAnswersUnlessTheRequestDoes() {
    start(SAME, NEGATED);
    deploy(shadow("2"));

    assertThat(askWith("x-millrace-version", "2", "").getModelVersion()).isEqualTo("2");
    assertThat(askWith("x-millrace-version", "2", "1").getModelVersion()).isEqualTo("1");
    assertThatThrownBy(() -> askWith("x-millrace-version", "7", ""))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND))
        .hasMessageContaining("version 7 not found (there is [1, 2])");
    assertThatThrownBy(() -> askWith("x-millrace-version", "new", ""))
        .hasMessageContaining("INVALID_ARGUMENT: x-millrace-version: 'new'");
  }

  @Test
  void trafficSticksToAHeader() {
    start(SAME, NEGATED);
    apply(
        DeploymentSpec.newBuilder()
            .setName(NAME)
            .addTraffic(WeightedVersion.newBuilder().setVersion("1").setWeight(50))
            .addTraffic(WeightedVersion.newBuilder().setVersion("2").setWeight(50))
            .setSticky(StickyRouting.newBuilder().setHeader("X-User")));
    awaitReady();

    TreeMap<String, Integer> byUser = new TreeMap<>();
    for (int user = 0; user < 60; user++) {
      String version = askWith("x-user", "user-" + user, "").getModelVersion();
      assertThat(askWith("x-user", "user-" + user, "").getModelVersion()).isEqualTo(version);
      byUser.merge(version, 1, Integer::sum);
    }
    assertThat(byUser.get("2")).isBetween(12, 48);
    assertThat(get().getSpec().getSticky().getHeader()).isEqualTo("x-user");
  }
}
