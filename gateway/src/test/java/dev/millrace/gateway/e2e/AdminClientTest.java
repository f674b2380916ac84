// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.util.Durations;
import dev.millrace.admin.client.AdminClient;
import dev.millrace.admin.client.AdminException;
import dev.millrace.admin.client.EventCursor;
import dev.millrace.admin.client.Outcome;
import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import dev.millrace.gateway.config.ConfigKey;
import dev.millrace.proto.admin.v1.ApplyDeploymentRequest;
import dev.millrace.proto.admin.v1.Deployment;
import dev.millrace.proto.admin.v1.DeploymentSpec;
import dev.millrace.proto.admin.v1.Event;
import dev.millrace.proto.admin.v1.Gates;
import dev.millrace.proto.admin.v1.PushHeader;
import dev.millrace.proto.admin.v1.RegisteredVersion;
import dev.millrace.proto.admin.v1.UpdateStrategy;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The client for programs that deploy, against a gateway that wants a token. */
@Timeout(90)
class AdminClientTest {
  private static final byte[] SAME = OnnxModels.identity(DataType.FP32, "n", 4);
  private static final byte[] NEGATED = OnnxModels.unary("Neg", DataType.FP32, "n", 4);
  private static final byte[] WIDER = OnnxModels.identity(DataType.FP32, "n", 8);
  private static final String TOKEN = "s3cret";

  @TempDir private Path folder;
  private TestGateway gateway;
  private AdminClient client;

  @BeforeEach
  void start() throws Exception {
    start(0);
  }

  private void start(int port) throws Exception {
    Path token = Files.writeString(folder.resolve("token"), TOKEN);
    gateway =
        TestGateway.over(folder)
            .set(ConfigKey.DATA_DIRECTORY, Optional.of(folder.resolve("data")))
            .set(ConfigKey.ADMIN_TOKEN_FILE, Optional.of(token))
            .set(ConfigKey.GRPC_PORT, port)
            .start();
    client = new AdminClient(gateway.channel()).withToken(TOKEN).withActor("ci");
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private RegisteredVersion push(byte[] onnx, String... aliases) throws Exception {
    return client.push("fraud", Files.write(folder.resolve("model"), onnx), aliases);
  }

  private static DeploymentSpec.Builder version(long number) {
    return DeploymentSpec.newBuilder().setName("fraud").setVersion(Long.toString(number));
  }

  private Outcome deploy(DeploymentSpec.Builder spec) throws Exception {
    client.apply(spec.build());
    return client.awaitReady("fraud", TestGateway.PATIENCE);
  }

  private String answering() {
    return gateway.infer(Tensor.request("fraud", Tensor.rows(1, 1))).getModelVersion();
  }

  private List<String> answeringOften() {
    return IntStream.range(0, 20).mapToObj(call -> answering()).toList();
  }

  @Test
  void aProgramDeploysUpdatesScalesAndTakesDown() throws Exception {
    RegisteredVersion first = push(SAME, "champion");
    assertThat(first.getFiles(0).getSha256())
        .isEqualTo(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(SAME)));

    assertThat(deploy(version(1))).isInstanceOf(Outcome.Ready.class);
    assertThat(answering()).isEqualTo("1");
    assertThat(client.scale("fraud", 3).getStatus().getVersions(0).getReplicas()).isEqualTo(3);
    push(NEGATED);
    assertThat(client.setAlias("fraud", "champion", 2).getAliasesMap())
        .containsExactly(Map.entry("champion", 2L));
    assertThat(deploy(version(2))).isInstanceOf(Outcome.Ready.class);
    assertThat(answering()).isEqualTo("2");
    client.undeploy("fraud");
    client.deleteAlias("fraud", "champion");
    assertThat(client.deleteVersion("fraud", 1).getVersionsCount()).isEqualTo(1);
    assertThat(client.allDeployments().getDeploymentsCount()).isZero();
    assertThat(client.models().getModels(0).getName()).isEqualTo("fraud");
  }

  @Test
  void whatCannotBeLoadedIsAnOutcomeWithItsReasonAndTheOldVersionServes() throws Exception {
    push(SAME);
    push(WIDER);
    deploy(version(1));

    Outcome outcome = deploy(version(2));

    assertThat(outcome).isInstanceOf(Outcome.RolledBack.class);
    assertThat(((Outcome.RolledBack) outcome).reason()).contains("FP32[-1,8]");
    assertThat(answering()).isEqualTo("1");
  }

  @Test
  void aRolloutIsWaitedForPromotedAndRolledBack() throws Exception {
    UpdateStrategy.Builder slow =
        UpdateStrategy.newBuilder()
            .addSteps(50)
            .setBake(Durations.fromSeconds(600))
            .setGates(Gates.newBuilder().setMaxErrorRate(0.1));
    push(SAME);
    push(NEGATED);
    deploy(version(1));
    client.apply(version(2).setUpdate(slow).build());

    Outcome late = client.awaitReady("fraud", Duration.ofMillis(400));
    assertThat(late).isInstanceOf(Outcome.TimedOut.class);
    assertThat(late.deployment().getStatus().getRollout().getTo(0)).isEqualTo(2);
    awaitBaking();
    client.rollBack("fraud");
    assertThat(client.awaitReady("fraud", TestGateway.PATIENCE))
        .isInstanceOfSatisfying(
            Outcome.RolledBack.class,
            given -> assertThat(given.reason()).contains("rolled back by ci at 127.0.0.1"));
    assertThat(answeringOften()).containsOnly("1");
    client.apply(version(2).setUpdate(slow).putLabels("try", "2").build());
    awaitBaking();
    client.promote("fraud");
    assertThat(client.awaitReady("fraud", TestGateway.PATIENCE)).isInstanceOf(Outcome.Ready.class);
    assertThat(answeringOften()).containsOnly("2"); // at a share of one half, 20 do not by chance
  }

  private void awaitBaking() {
    await()
        .atMost(TestGateway.PATIENCE)
        .ignoreExceptions() // of a gateway that is being restarted
        .until(() -> phase(client.deployment("fraud")).equals("BAKING"));
  }

  private static String phase(Deployment deployment) {
    return deployment.getStatus().getRollout().getPhase();
  }

  @Test
  void aModelWithSeveralFilesOfSeveralPartsArrivesWhole() throws Exception {
    Path onnx = Files.write(folder.resolve("model"), SAME);
    Path large = Files.write(folder.resolve("weights"), new byte[(2 << 20) + 7]);
    PushHeader header = PushHeader.newBuilder().setModel("fraud").setNote("two").build();

    RegisteredVersion pushed =
        client.push(header, Map.of("model.onnx", onnx, "weights.bin", large));

    assertThat(pushed.getNote()).isEqualTo("two");
    assertThat(pushed.getPushedBy()).startsWith("ci at ");
    assertThat(pushed.getFilesList())
        .anySatisfy(file -> assertThat(file.getSize()).isEqualTo((2 << 20) + 7));
  }

  @Test
  void whatGoesWrongIsTypedAndInTheServersWords() throws Exception {
    push(SAME);
    PushHeader taken = PushHeader.newBuilder().setModel("fraud").setVersion(1).build();
    Path other = Files.write(folder.resolve("other"), NEGATED);

    assertThatThrownBy(() -> client.deployment("nobody"))
        .isInstanceOf(AdminException.NotFound.class)
        .hasMessage("deployment 'nobody': not found (there is [])");
    assertThatThrownBy(() -> client.push("fraud", Files.write(folder.resolve("x"), new byte[9])))
        .isInstanceOf(AdminException.Invalid.class)
        .hasMessageStartingWith("model.onnx: ");
    assertThatThrownBy(() -> client.push(taken, Map.of("model.onnx", other)))
        .isInstanceOf(AdminException.AlreadyThere.class)
        .hasMessageContaining("versions never change");
    assertThatThrownBy(
            () ->
                client.apply(
                    ApplyDeploymentRequest.newBuilder()
                        .setSpec(version(1))
                        .setExpectedGeneration(7)
                        .build()))
        .isInstanceOf(AdminException.Changed.class);
    deploy(version(1));
    assertThatThrownBy(() -> client.promote("fraud")).isInstanceOf(AdminException.NotYet.class);
    assertThatThrownBy(() -> new AdminClient(gateway.channel()).undeploy("fraud"))
        .isInstanceOf(AdminException.NotAllowed.class)
        .hasMessageContaining("changes need a token")
        .satisfies(
            e ->
                assertThat(((AdminException) e).status().getCode())
                    .isEqualTo(Status.Code.UNAUTHENTICATED));
  }

  @Test
  void aLargeFileThatIsRefusedIsNotSentToItsEnd() throws Exception {
    Path large = Files.write(folder.resolve("large"), new byte[32 << 20]);

    assertThatThrownBy(() -> client.push("../fraud", large))
        .isInstanceOf(AdminException.Invalid.class)
        .hasMessageContaining("model: '../fraud'");
    assertThatThrownBy(() -> new AdminClient(gateway.channel()).push("fraud", large))
        .isInstanceOf(AdminException.NotAllowed.class);
  }

  @Test
  void aGatewayThatIsRestartedMeanwhileIsWaitedFor() throws Exception {
    push(SAME);
    push(NEGATED);
    deploy(version(1));
    UpdateStrategy.Builder slow =
        UpdateStrategy.newBuilder().addSteps(50).setBake(Durations.fromSeconds(600));
    client.apply(version(2).setUpdate(slow).build());
    int port = gateway.gateway().grpcPort();
    ManagedChannel channel = gateway.newChannel();
    AtomicInteger calls = new AtomicInteger();
    AdminClient patient =
        new AdminClient(ClientInterceptors.intercept(channel, counting(calls))).withToken(TOKEN);
    CompletableFuture<Outcome> outcome =
        CompletableFuture.supplyAsync(
            () -> waitWith(patient, Duration.ofSeconds(60)), AdminClientTest::inItsOwnThread);
    awaitBaking();
    await().until(() -> calls.get() > 1); // so the first was answered

    gateway.close();
    start(port);
    client = patient;
    awaitBaking();
    patient.promote("fraud");

    assertThat(outcome.get(60, TimeUnit.SECONDS)).isInstanceOf(Outcome.Ready.class);
    TestGateway.closeChannel(channel);
  }

  /** The common pool has one thread on two cores, and whoever waits keeps it. */
  private static void inItsOwnThread(Runnable task) {
    Thread.ofPlatform().daemon().start(task);
  }

  private static ClientInterceptor counting(AtomicInteger calls) {
    return new ClientInterceptor() {
      @Override
      public <Q, R> ClientCall<Q, R> interceptCall(
          MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
        calls.incrementAndGet();
        return next.newCall(method, options);
      }
    };
  }

  private static Outcome waitWith(AdminClient client, Duration timeout) {
    try {
      return client.awaitReady("fraud", timeout);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aGatewayThatIsNotThereIsUnreachable() {
    ManagedChannel channel = gateway.newChannel();
    gateway.close();

    assertThatThrownBy(() -> new AdminClient(channel).awaitReady("fraud", Duration.ofSeconds(1)))
        .isInstanceOf(AdminException.Unreachable.class);
    channel.shutdownNow();
  }

  @Test
  void eventsAreReadAndFollowedUntilTheCursorIsClosed() throws Exception {
    push(SAME, "champion");
    List<String> kinds = new ArrayList<>();
    try (EventCursor events = client.events("fraud")) {
      events.forEachRemaining(event -> kinds.add(event.getKind()));
    }
    assertThat(kinds).containsExactly("version-pushed", "alias-set");

    EventCursor followed = client.followEvents("fraud");
    CompletableFuture<List<String>> read =
        CompletableFuture.supplyAsync(
            () -> {
              List<String> all = new ArrayList<>();
              followed.forEachRemaining(event -> all.add(kind(followed, event)));
              return all;
            },
            AdminClientTest::inItsOwnThread);
    push(NEGATED);
    assertThat(read.get(30, TimeUnit.SECONDS))
        .containsExactly("version-pushed", "alias-set", "version-pushed");
  }

  /** The third is the last that the test waits for. */
  private static String kind(EventCursor events, Event event) {
    if (event.getNumber() == 3) {
      events.close();
    }
    return event.getKind();
  }
}
