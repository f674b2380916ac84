// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import com.google.protobuf.util.Durations;
import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.proto.admin.v1.ApplyDeploymentRequest;
import dev.millrace.proto.admin.v1.ApplyDeploymentResponse;
import dev.millrace.proto.admin.v1.Condition;
import dev.millrace.proto.admin.v1.DeleteDeploymentRequest;
import dev.millrace.proto.admin.v1.DeleteVersionRequest;
import dev.millrace.proto.admin.v1.Deployment;
import dev.millrace.proto.admin.v1.DeploymentServiceGrpc;
import dev.millrace.proto.admin.v1.DeploymentServiceGrpc.DeploymentServiceBlockingStub;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import dev.millrace.proto.admin.v1.Event;
import dev.millrace.proto.admin.v1.EventServiceGrpc;
import dev.millrace.proto.admin.v1.Gates;
import dev.millrace.proto.admin.v1.GetDeploymentRequest;
import dev.millrace.proto.admin.v1.GetModelRequest;
import dev.millrace.proto.admin.v1.PromoteDeploymentRequest;
import dev.millrace.proto.admin.v1.PushHeader;
import dev.millrace.proto.admin.v1.PushVersionRequest;
import dev.millrace.proto.admin.v1.PushedFile;
import dev.millrace.proto.admin.v1.RegisteredVersion;
import dev.millrace.proto.admin.v1.RegistryServiceGrpc;
import dev.millrace.proto.admin.v1.RegistryServiceGrpc.RegistryServiceBlockingStub;
import dev.millrace.proto.admin.v1.RollBackDeploymentRequest;
import dev.millrace.proto.admin.v1.ScaleDeploymentRequest;
import dev.millrace.proto.admin.v1.SetAliasRequest;
import dev.millrace.proto.admin.v1.StickyRouting;
import dev.millrace.proto.admin.v1.UpdateStrategy;
import dev.millrace.proto.admin.v1.WatchEventsRequest;
import dev.millrace.proto.admin.v1.WeightedVersion;
import dev.millrace.proto.inference.InferParameter;
import dev.millrace.proto.inference.ModelInferRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The life of deployments, by the admin protocol, over a registry that begins empty. */
@Timeout(90)
class DeploymentsTest {
  private static final byte[] SAME = OnnxModels.identity(DataType.FP32, "n", 4);
  private static final byte[] NEGATED = OnnxModels.unary("Neg", DataType.FP32, "n", 4);
  private static final byte[] ABSOLUTE = OnnxModels.unary("Abs", DataType.FP32, "n", 4);
  private static final byte[] WIDER = OnnxModels.identity(DataType.FP32, "n", 8);

  @TempDir private Path folder;
  private TestGateway gateway;

  @BeforeEach
  void start() {
    gateway =
        TestGateway.over(folder)
            .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
            .start();
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private void restart() {
    gateway.close();
    start();
  }

  // --- verbs

  private DeploymentServiceBlockingStub deployments() {
    return DeploymentServiceGrpc.newBlockingStub(gateway.channel())
        .withDeadlineAfter(TestGateway.PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private RegistryServiceBlockingStub registry() {
    return RegistryServiceGrpc.newBlockingStub(gateway.channel())
        .withDeadlineAfter(TestGateway.PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private RegisteredVersion push(String model, long version, byte[] onnx, String... aliases) {
    return push(
        PushHeader.newBuilder()
            .setModel(model)
            .setVersion(version)
            .addAllAliases(List.of(aliases))
            .addFiles(PushedFile.newBuilder().setName("model.onnx").setSize(onnx.length))
            .build(),
        onnx);
  }

  private RegisteredVersion push(PushHeader header, byte[] content) {
    CompletableFuture<RegisteredVersion> answer = new CompletableFuture<>();
    StreamObserver<PushVersionRequest> requests =
        RegistryServiceGrpc.newStub(gateway.channel())
            .pushVersion(
                new StreamObserver<>() {
                  @Override
                  public void onNext(RegisteredVersion version) {
                    answer.complete(version);
                  }

                  @Override
                  public void onError(Throwable failure) {
                    answer.completeExceptionally(failure);
                  }

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(PushVersionRequest.newBuilder().setHeader(header).build());
    for (int at = 0; at < content.length; at += 7) {
      byte[] part = Arrays.copyOfRange(content, at, Math.min(content.length, at + 7));
      requests.onNext(PushVersionRequest.newBuilder().setData(ByteString.copyFrom(part)).build());
    }
    requests.onCompleted();
    try {
      return answer.get(TestGateway.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw (StatusRuntimeException) e.getCause();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static DeploymentSpec.Builder spec(String name, String model, String version) {
    return DeploymentSpec.newBuilder().setName(name).setModel(model).setVersion(version);
  }

  private ApplyDeploymentResponse apply(DeploymentSpec.Builder spec) {
    return deployments().applyDeployment(ApplyDeploymentRequest.newBuilder().setSpec(spec).build());
  }

  private Deployment get(String name) {
    return deployments().getDeployment(GetDeploymentRequest.newBuilder().setName(name).build());
  }

  private static boolean holds(Deployment deployment, String type) {
    return deployment.getStatus().getConditionsList().stream()
        .anyMatch(condition -> condition.getType().equals(type) && condition.getStatus());
  }

  private static String reason(Deployment deployment, String type) {
    return deployment.getStatus().getConditionsList().stream()
        .filter(condition -> condition.getType().equals(type))
        .map(Condition::getReason)
        .collect(Collectors.joining());
  }

  private Deployment awaitReady(String name) {
    await().atMost(TestGateway.PATIENCE).until(() -> holds(get(name), "Ready"));
    return get(name);
  }

  private Deployment awaitPhase(String name, String phase) {
    await()
        .atMost(TestGateway.PATIENCE)
        .until(() -> get(name).getStatus().getRollout().getPhase().equals(phase));
    return get(name);
  }

  private String answering(String model) {
    return gateway.infer(Tensor.request(model, Tensor.rows(1, 1))).getModelVersion();
  }

  private List<String> events(String subject) {
    List<String> kinds = new ArrayList<>();
    EventServiceGrpc.newBlockingStub(gateway.channel())
        .watchEvents(WatchEventsRequest.newBuilder().setSubject(subject).build())
        .forEachRemaining(event -> kinds.add(event.getKind()));
    return kinds;
  }

  // --- registry

  @Test
  void whatIsPushedIsThereWithAllThatIsKnownOfIt() throws Exception {
    RegisteredVersion first = push("fraud", 0, SAME, "champion");

    assertThat(first.getVersion()).isEqualTo(1);
    assertThat(first.getInputsList()).containsExactly("x FP32[-1,4]");
    assertThat(first.getFiles(0).getSha256())
        .isEqualTo(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(SAME)));
    assertThat(push("fraud", 0, NEGATED).getVersion()).isEqualTo(2);
    assertThat(
            registry()
                .getModel(GetModelRequest.newBuilder().setName("fraud").build())
                .getAliasesMap())
        .containsExactly(Map.entry("champion", 1L));
    assertThat(gateway.index("fraud", "1")).isEmpty(); // served once it is deployed
  }

  @Test
  void theSamePushedAgainIsNoErrorAndAnotherContentIs() {
    RegisteredVersion first = push("fraud", 3, SAME);

    assertThat(push("fraud", 3, SAME).getDigest()).isEqualTo(first.getDigest());
    assertThatThrownBy(() -> push("fraud", 3, NEGATED))
        .satisfies(
            e ->
                assertThat(Status.fromThrowable(e).getCode()).isEqualTo(Status.Code.ALREADY_EXISTS))
        .hasMessageContaining("versions never change");
  }

  @Test
  void whatArrivesDamagedOrIsNoModelLeavesNothing() throws Exception {
    PushHeader announced =
        PushHeader.newBuilder()
            .setModel("fraud")
            .addFiles(
                PushedFile.newBuilder()
                    .setName("model.onnx")
                    .setSize(SAME.length)
                    .setSha256("0".repeat(64)))
            .build();

    assertThatThrownBy(() -> push(announced, SAME)).hasMessageContaining("expected 0000");
    assertThatThrownBy(() -> push("fraud", 0, "garbage".getBytes(StandardCharsets.UTF_8)))
        .hasMessageContaining("INVALID_ARGUMENT");
    assertThatThrownBy(() -> push("../fraud", 0, SAME)).hasMessageContaining("model: '../fraud'");
    assertThatThrownBy(
            () -> registry().getModel(GetModelRequest.newBuilder().setName("fraud").build()))
        .hasMessageContaining("NOT_FOUND");
    try (var left = Files.list(folder.resolve("data/registry"))) {
      assertThat(left.map(path -> path.getFileName().toString())).allMatch(".lock"::equals);
    }
  }

  @Test
  void aVersionThatSomethingMeansIsNotDeleted() {
    push("fraud", 0, SAME, "champion");
    push("fraud", 0, NEGATED);
    apply(spec("fraud", "fraud", "2"));
    awaitReady("fraud");

    assertThatThrownBy(() -> delete("fraud", 1)).hasMessageContaining("champion");
    assertThatThrownBy(() -> delete("fraud", 2)).hasMessageContaining("a deployment");
    assertThatThrownBy(() -> delete("fraud", 9)).hasMessageContaining("version 9 not found");
    push("fraud", 0, ABSOLUTE);
    delete("fraud", 3);
    assertThat(push("fraud", 0, ABSOLUTE).getVersion()).isEqualTo(4); // no number is given twice
  }

  private void delete(String model, long version) {
    registry()
        .deleteVersion(
            DeleteVersionRequest.newBuilder().setModel(model).setVersion(version).build());
  }

  // --- deployments

  @Test
  void aDeploymentServesFollowsItsAliasAndSurvivesARestart() {
    push("fraud", 0, SAME, "champion");
    apply(spec("payments", "fraud", "@champion"));
    awaitReady("payments");
    assertThat(answering("payments")).isEqualTo("1");

    push("fraud", 0, NEGATED);
    registry()
        .setAlias(
            SetAliasRequest.newBuilder()
                .setModel("fraud")
                .setAlias("champion")
                .setVersion(2)
                .build());
    await().atMost(TestGateway.PATIENCE).until(() -> answering("payments").equals("2"));

    restart();
    assertThat(answering("payments")).isEqualTo("2");
    assertThat(get("payments").getGeneration()).isEqualTo(1);
  }

  @Test
  void theSameDeclaredAgainChangesNothingAndADryRunNeither() {
    push("fraud", 0, SAME);
    assertThat(apply(spec("fraud", "", "1")).getChangesList()).hasSize(1);
    awaitReady("fraud");

    assertThat(apply(spec("fraud", "", "1")).getChangesList()).isEmpty();
    ApplyDeploymentResponse dry =
        deployments()
            .applyDeployment(
                ApplyDeploymentRequest.newBuilder()
                    .setSpec(spec("fraud", "", "1").setReplicas(3))
                    .setDryRun(true)
                    .build());
    assertThat(dry.getChangesList()).containsExactly("replicas: the model's own → 3");
    assertThat(get("fraud").getGeneration()).isEqualTo(1);
    assertThatThrownBy(
            () ->
                deployments()
                    .applyDeployment(
                        ApplyDeploymentRequest.newBuilder()
                            .setSpec(spec("fraud", "", "1").setReplicas(3))
                            .setExpectedGeneration(7)
                            .build()))
        .hasMessageContaining("ABORTED");
  }

  @Test
  void versionsAreReplacedUnderLoadWithoutAFailure() throws Exception {
    push("fraud", 0, SAME);
    push("fraud", 0, NEGATED);
    apply(spec("fraud", "fraud", "1"));
    awaitReady("fraud");
    AtomicBoolean stop = new AtomicBoolean();
    CompletableFuture<Integer> calls =
        CompletableFuture.supplyAsync(
            () -> {
              int done = 0;
              while (!stop.get()) {
                answering("fraud");
                done++;
              }
              return done;
            });

    for (int i = 0; i < 6; i++) {
      String version = i % 2 == 0 ? "2" : "1";
      apply(spec("fraud", "fraud", version));
      awaitReady("fraud");
      assertThat(answering("fraud")).isEqualTo(version);
    }
    stop.set(true);

    assertThat(calls.get(30, TimeUnit.SECONDS)).isGreaterThan(10);
  }

  @Test
  void whatDoesNotFitOrIsNotThereLeavesWhatServes() {
    push("fraud", 0, SAME);
    push("fraud", 0, WIDER);
    apply(spec("fraud", "fraud", "1"));
    awaitReady("fraud");

    apply(spec("fraud", "fraud", "2"));
    Deployment failed = awaitPhase("fraud", "FAILED");
    assertThat(failed.getStatus().getRollout().getReason()).contains("FP32[-1,8]");
    assertThat(holds(failed, "Failed")).isTrue();
    assertThat(answering("fraud")).isEqualTo("1");

    apply(spec("fraud", "fraud", "9"));
    await()
        .atMost(TestGateway.PATIENCE)
        .untilAsserted(() -> assertThat(get("fraud").toString()).contains("version 9 not found"));
    assertThat(answering("fraud")).isEqualTo("1");
  }

  @Test
  void aCanaryIsTakenBackByItsGateAndNotTriedAgain() {
    push("fraud", 0, SAME);
    push("fraud", 0, NEGATED);
    apply(spec("fraud", "fraud", "1"));
    awaitReady("fraud");
    apply(
        spec("fraud", "fraud", "2")
            .setUpdate(
                UpdateStrategy.newBuilder()
                    .addSteps(50)
                    .setBake(Durations.fromSeconds(60))
                    .setGates(Gates.newBuilder().setMaxP99(Durations.fromNanos(1)))));
    awaitPhase("fraud", "BAKING");

    await()
        .atMost(TestGateway.PATIENCE)
        .until(
            () -> {
              answering("fraud");
              return get("fraud").getStatus().getRollout().getPhase().equals("ROLLED_BACK");
            });
    assertThat(get("fraud").getStatus().getRollout().getReason()).contains("p99");
    assertThat(answering("fraud")).isEqualTo("1");
    assertThat(events("fraud")).contains("rollout-began", "rollout-step", "rolled-back");

    restart();
    await().atMost(TestGateway.PATIENCE).until(() -> holds(get("fraud"), "Failed"));
    assertThat(answering("fraud")).isEqualTo("1");
  }

  @Test
  void whatWasGivenUpIsTriedAgainIfItIsAskedForAndForgottenIfItIsNot() {
    push("fraud", 0, SAME, "champion");
    push("fraud", 0, WIDER);
    apply(spec("fraud", "fraud", "@champion"));
    awaitReady("fraud");
    setAlias(2);
    awaitPhase("fraud", "FAILED");

    assertThat(apply(spec("fraud", "fraud", "@champion")).getChangesList())
        .containsExactly("version 2 is tried again");
    await()
        .atMost(TestGateway.PATIENCE)
        .until(() -> events("fraud").stream().filter("rollout-failed"::equals).count() == 2);

    setAlias(1);
    awaitReady("fraud");
    assertThat(answering("fraud")).isEqualTo("1");
  }

  private void setAlias(long version) {
    registry()
        .setAlias(
            SetAliasRequest.newBuilder()
                .setModel("fraud")
                .setAlias("champion")
                .setVersion(version)
                .build());
  }

  @Test
  void aFileThatWasAlteredIsNeverLoaded() throws Exception {
    push("fraud", 0, SAME);
    push("fraud", 0, NEGATED);
    apply(spec("fraud", "fraud", "1"));
    awaitReady("fraud");
    Files.write(folder.resolve("data/registry/fraud/2/model.onnx"), ABSOLUTE);
    apply(spec("fraud", "fraud", "2"));

    Deployment failed = awaitPhase("fraud", "FAILED");
    assertThat(failed.getStatus().getRollout().getReason()).contains("was altered");
    assertThat(answering("fraud")).isEqualTo("1");
  }

  @Test
  void anotherModelIsAnotherDeployment() {
    push("fraud", 0, SAME);
    push("other", 0, SAME);
    apply(spec("payments", "fraud", "1"));
    awaitReady("payments");

    assertThatThrownBy(() -> apply(spec("payments", "other", "1")))
        .hasMessageContaining("FAILED_PRECONDITION")
        .hasMessageContaining("model: 'other' (expected 'fraud'");
  }

  @Test
  void twoRolloutsAtATimeGoTheirWays() {
    for (String model : List.of("one", "two")) {
      push(model, 0, SAME);
      push(model, 0, NEGATED);
      apply(spec(model, model, "1"));
      awaitReady(model);
      apply(
          spec(model, model, "2")
              .setUpdate(
                  UpdateStrategy.newBuilder().addSteps(50).setBake(Durations.fromMillis(400))));
    }

    awaitReady("one");
    awaitReady("two");
    assertThat(answering("one")).isEqualTo("2");
    assertThat(answering("two")).isEqualTo("2");
    assertThat(events("one").stream().filter("rollout-step"::equals).count()).isEqualTo(2);
  }

  @Test
  void aDataDirectoryIsOneGatewaysAlone() {
    assertThatThrownBy(
            () ->
                TestGateway.over(folder.resolve("second"))
                    .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
                    .start())
        .hasStackTraceContaining("is in use by another gateway");
  }

  /** The ordinary way from a folder of models to deployments. */
  @Test
  void aDeploymentTakesOverFromTheModelOfItsNameAndGivesItBack() throws Exception {
    gateway.close();
    gateway =
        TestGateway.over(folder)
            .model("fraud", 1, SAME)
            .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
            .start();
    assertThat(answering("fraud")).isEqualTo("1");
    push("fraud", 7, NEGATED);
    apply(spec("fraud", "fraud", "7"));
    awaitReady("fraud");
    assertThat(answering("fraud")).isEqualTo("7");

    apply(spec("fraud", "fraud", "9"));
    restart();
    assertThat(answering("fraud")).isEqualTo("7");
    deployments().deleteDeployment(DeleteDeploymentRequest.newBuilder().setName("fraud").build());
    await()
        .atMost(TestGateway.PATIENCE)
        .ignoreExceptions()
        .until(() -> answering("fraud").equals("1"));
  }

  @Test
  void aCanaryGoesStepByStepAndAnExplicitVersionAlwaysWins() {
    push("fraud", 0, SAME);
    push("fraud", 0, NEGATED);
    apply(spec("fraud", "fraud", "1"));
    awaitReady("fraud");
    apply(
        spec("fraud", "fraud", "2")
            .setUpdate(
                UpdateStrategy.newBuilder()
                    .addSteps(20)
                    .addSteps(60)
                    .setBake(Durations.fromMillis(300))
                    .setGates(Gates.newBuilder().setMinRequests(10))));
    awaitPhase("fraud", "BAKING");
    await().atMost(TestGateway.PATIENCE).until(() -> events("fraud").contains("rollout-waits"));
    assertThat(reason(get("fraud"), "Progressing"))
        .isEqualTo("step 1 of 3 (20 %): waits for 0 of 10 requests");
    ModelInferRequest.Builder first =
        Tensor.request("fraud", Tensor.rows(1, 1)).setModelVersion("1");
    assertThat(gateway.infer(first).getModelVersion()).isEqualTo("1");

    TreeMap<String, Integer> answers = new TreeMap<>();
    await()
        .atMost(TestGateway.PATIENCE)
        .until(
            () -> {
              answers.merge(answering("fraud"), 1, Integer::sum);
              return holds(get("fraud"), "Ready");
            });
    assertThat(answers).containsOnlyKeys("1", "2");
    assertThat(answering("fraud")).isEqualTo("2");
    assertThat(events("fraud"))
        .containsSubsequence(
            "rollout-began", "rollout-step", "rollout-step", "rollout-step", "rollout-done");
  }

  @Test
  void aRolloutEndsWhenSomebodySaysSo() {
    push("fraud", 0, SAME);
    push("fraud", 0, NEGATED);
    apply(spec("fraud", "fraud", "1"));
    awaitReady("fraud");
    UpdateStrategy.Builder slow =
        UpdateStrategy.newBuilder().addSteps(10).setBake(Durations.fromSeconds(600));
    apply(spec("fraud", "fraud", "2").setUpdate(slow));
    awaitPhase("fraud", "BAKING");
    deployments()
        .rollBackDeployment(RollBackDeploymentRequest.newBuilder().setName("fraud").build());
    assertThat(get("fraud").getStatus().getRollout().getPhase()).isEqualTo("ROLLED_BACK");
    assertThatThrownBy(
            () ->
                deployments()
                    .promoteDeployment(
                        PromoteDeploymentRequest.newBuilder().setName("fraud").build()))
        .hasMessageContaining("FAILED_PRECONDITION");

    apply(spec("fraud", "fraud", "2").setUpdate(slow).putLabels("try", "2"));
    awaitPhase("fraud", "BAKING");
    deployments().promoteDeployment(PromoteDeploymentRequest.newBuilder().setName("fraud").build());
    awaitReady("fraud");
    assertThat(answering("fraud")).isEqualTo("2");
  }

  @Test
  void trafficIsSplitByWeightAndSticksToAParameter() {
    push("fraud", 0, SAME);
    push("fraud", 0, NEGATED);
    apply(
        DeploymentSpec.newBuilder()
            .setName("fraud")
            .addTraffic(WeightedVersion.newBuilder().setVersion("1").setWeight(70))
            .addTraffic(WeightedVersion.newBuilder().setVersion("2").setWeight(30))
            .setSticky(StickyRouting.newBuilder().setParameter("user")));
    awaitReady("fraud");

    int second = 0;
    for (int i = 0; i < 400; i++) {
      second += answering("fraud").equals("2") ? 1 : 0;
    }
    assertThat(second).isBetween(70, 170);
    TreeMap<String, Integer> byUser = new TreeMap<>();
    for (int user = 0; user < 200; user++) {
      String version = answeringTo("user-" + user);
      assertThat(answeringTo("user-" + user)).isEqualTo(version);
      byUser.merge(version, 1, Integer::sum);
    }
    assertThat(byUser.get("2")).isBetween(30, 90);
  }

  private String answeringTo(String user) {
    return gateway
        .infer(
            Tensor.request("fraud", Tensor.rows(1, 1))
                .putParameters("user", InferParameter.newBuilder().setStringParam(user).build()))
        .getModelVersion();
  }

  @Test
  void replicasChangeWithoutAReload() {
    push("fraud", 0, SAME);
    apply(spec("fraud", "fraud", "1"));
    Deployment before = awaitReady("fraud");
    assertThat(before.getStatus().getVersions(0).getReplicas()).isEqualTo(1);

    Deployment scaled = scale(4);
    assertThat(scaled.getStatus().getVersions(0).getReplicas()).isEqualTo(4);
    assertThat(scaled.getGeneration()).isEqualTo(2);
    assertThat(scale(1).getStatus().getVersions(0).getReplicas()).isEqualTo(1);
    assertThat(answering("fraud")).isEqualTo("1");
    assertThatThrownBy(() -> scale(0)).hasMessageContaining("expected 1 to 64");
    scale(2);

    restart();
    assertThat(get("fraud").getStatus().getVersions(0).getReplicas()).isEqualTo(2);
  }

  private Deployment scale(int replicas) {
    return deployments()
        .scaleDeployment(
            ScaleDeploymentRequest.newBuilder().setName("fraud").setReplicas(replicas).build());
  }

  @Test
  void whatIsDeletedIsGone() {
    push("fraud", 0, SAME);
    apply(spec("fraud", "fraud", "1"));
    awaitReady("fraud");
    deployments().deleteDeployment(DeleteDeploymentRequest.newBuilder().setName("fraud").build());

    await()
        .atMost(TestGateway.PATIENCE)
        .untilAsserted(
            () -> assertThatThrownBy(() -> answering("fraud")).hasMessageContaining("NOT_FOUND"));
    assertThatThrownBy(() -> get("fraud")).hasMessageContaining("NOT_FOUND");
    restart();
    assertThatThrownBy(() -> get("fraud")).hasMessageContaining("NOT_FOUND");
  }

  @Test
  void everythingWrongWithADeclarationIsSaidAtOnce() {
    assertThatThrownBy(
            () ->
                apply(
                    DeploymentSpec.newBuilder()
                        .setName("-x")
                        .setReplicas(99)
                        .addTraffic(WeightedVersion.newBuilder().setVersion("one").setWeight(60))
                        .setUpdate(UpdateStrategy.newBuilder().addSteps(50).addSteps(20))))
        .hasMessageContaining("name: '-x'")
        .hasMessageContaining("replicas: 99 (expected 1 to 64")
        .hasMessageContaining("'one' (expected a number")
        .hasMessageContaining("weights that make 60 (expected 100)")
        .hasMessageContaining("expected ascending");
  }

  @Test
  void everyChangeIsAnEvent() {
    push("fraud", 0, SAME);
    apply(spec("fraud", "fraud", "1"));
    awaitReady("fraud");
    scale(2);

    List<Event> all = new ArrayList<>();
    EventServiceGrpc.newBlockingStub(gateway.channel())
        .watchEvents(WatchEventsRequest.getDefaultInstance())
        .forEachRemaining(all::add);
    assertThat(all)
        .extracting(Event::getKind)
        .containsExactly("version-pushed", "applied", "rollout-began", "rollout-done", "scaled");
    assertThat(all).extracting(Event::getActor).contains("127.0.0.1", "gateway");
    assertThat(all).extracting(Event::getNumber).containsExactly(1L, 2L, 3L, 4L, 5L);
  }
}
