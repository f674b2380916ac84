// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.lang.syntax.elements.GivenClassesConjunction;
import java.lang.foreign.Arena;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/** The architecture, said aloud: which module and package may know what. */
class ArchitectureTest {
  private static final JavaClasses ALL =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .withImportOption(ArchitectureTest::isNoTestJar)
          .importPackages("dev.millrace");

  private static final JavaClasses OURS =
      ALL.that(DescribedPredicate.not(resideInAPackage("dev.millrace.proto..")));

  private static boolean isNoTestJar(Location location) {
    return !location.contains("-tests.jar") && !location.contains("/test-classes/");
  }

  @Test
  void everyModuleIsLookedAt() {
    for (String module : new String[] {"proto", "admin", "batching", "backends", "gateway"}) {
      assertThat(ALL.that(resideInAPackage("dev.millrace." + module + ".."))).isNotEmpty();
    }
  }

  // --- arrows between modules

  @Test
  void protoKnowsNoCodeOfOurs() {
    noClasses()
        .that()
        .resideInAPackage("dev.millrace.proto..")
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                "dev.millrace.admin..",
                "dev.millrace.batching..",
                "dev.millrace.backends..",
                "dev.millrace.gateway.."))
        .check(ALL);
  }

  /** Whoever deploys brings the transport, and takes nothing of ours but the protocol. */
  @Test
  void theAdminClientKnowsTheProtocolAndGrpc() {
    classes()
        .that()
        .resideInAPackage("dev.millrace.admin..")
        .should()
        .onlyDependOnClassesThat(
            resideInAnyPackage(
                    "dev.millrace.admin..",
                    "dev.millrace.proto.admin..",
                    "java..",
                    "com.google.protobuf..",
                    "org.jspecify..")
                .or(resideInAnyPackage("io.grpc", "io.grpc.stub")))
        .check(ALL);
  }

  @Test
  void batchingKnowsTheJdkAndTheDisruptor() {
    classes()
        .that()
        .resideInAPackage("dev.millrace.batching..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage("dev.millrace.batching..", "java..", "com.lmax..", "org.jspecify..")
        .check(ALL);
  }

  @Test
  void backendsKnowsBatchingAndLibrariesOfItsOwn() {
    classes()
        .that()
        .resideInAPackage("dev.millrace.backends..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "dev.millrace.backends..",
            "dev.millrace.batching..",
            "java..",
            "ai.onnxruntime..",
            "com.fasterxml.jackson.core..",
            "org.jspecify..",
            "org.slf4j..",
            "org.snakeyaml.engine..",
            "software.amazon.awssdk..")
        .check(ALL);
  }

  @Test
  void gatewayKnowsNoEngine() {
    noClasses()
        .that()
        .resideInAPackage("dev.millrace.gateway..")
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                "dev.millrace.backends.onnx..", "dev.millrace.backends.echo..", "ai.onnxruntime.."))
        .check(ALL);
  }

  // --- arrows inside of modules

  @Test
  void packagesMakeNoCycles() {
    slices().matching("dev.millrace.(*.*)..").should().beFreeOfCycles().check(withoutEntryPoints());
  }

  /**
   * Without {@code Gateway}, which puts everything together, and {@code Main}: the command line
   * starts the one, and the other starts the command line.
   */
  private static JavaClasses withoutEntryPoints() {
    return OURS.that(
        DescribedPredicate.not(
            DescribedPredicate.describe(
                "in the gateway's root package",
                (JavaClass type) -> type.getPackageName().equals("dev.millrace.gateway"))));
  }

  @Test
  void whatIsBelowKnowsNothingOfWhatIsAbove() {
    nothingIn("dev.millrace.backends.tensor..")
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                "dev.millrace.backends.model..",
                "dev.millrace.backends.repository..",
                "dev.millrace.backends.serving.."))
        .check(ALL);
    nothingIn("dev.millrace.backends.model..")
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                "dev.millrace.backends.repository..", "dev.millrace.backends.serving.."))
        .check(ALL);
    nothingIn("dev.millrace.backends.repository..")
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                "dev.millrace.backends.registry..",
                "dev.millrace.backends.deployment..",
                "dev.millrace.backends.serving.."))
        .check(ALL);
    nothingIn("dev.millrace.backends.remote..")
        .should()
        .dependOnClassesThat(
            resideInAnyPackage("dev.millrace.backends.mlflow..", "dev.millrace.backends.s3.."))
        .check(ALL);
    // what is declared, and how it changes, is known without knowing what runs
    nothingIn("dev.millrace.backends.deployment..")
        .should()
        .dependOnClassesThat(resideInAPackage("dev.millrace.backends.serving.."))
        .check(ALL);
    nothingIn("dev.millrace.gateway.kserve..")
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                "dev.millrace.gateway.cli..",
                "dev.millrace.gateway.http..",
                "dev.millrace.gateway.metrics.."))
        .check(ALL);
  }

  private static GivenClassesConjunction nothingIn(String packages) {
    return noClasses().that().resideInAPackage(packages);
  }

  /** Their carriers are started by any thread, and give way if that one does. */
  @Test
  void virtualThreadsAreForWhatPreparesAndNotForWhatAnswers() {
    noClasses()
        .that()
        .resideInAPackage("dev.millrace.gateway..")
        .and()
        .resideOutsideOfPackage("dev.millrace.gateway.cli")
        .should()
        .callMethod(Thread.class, "ofVirtual")
        .orShould()
        .callMethod(Thread.class, "startVirtualThread", Runnable.class)
        .orShould()
        .callMethod(Executors.class, "newVirtualThreadPerTaskExecutor")
        .check(ALL);
  }

  // --- libraries, each in its place

  @Test
  void theDisruptorIsForBatching() {
    only("com.lmax..", resideInAPackage("dev.millrace.batching"));
  }

  @Test
  void theSdkOfAmazonIsForS3() {
    only("software.amazon.awssdk..", resideInAPackage("dev.millrace.backends.s3"));
  }

  @Test
  void onnxRuntimeIsForItsPackage() {
    only("ai.onnxruntime..", resideInAPackage("dev.millrace.backends.onnx"));
  }

  @Test
  void protobufAndGrpcAreForTheProtocolsTheCommandLineAndHealth() {
    DescribedPredicate<JavaClass> places =
        resideInAnyPackage(
                "dev.millrace.admin.client",
                "dev.millrace.gateway.kserve",
                "dev.millrace.gateway.admin",
                "dev.millrace.gateway.cli")
            .or(named("dev.millrace.gateway.HealthView"))
            .or(named("dev.millrace.gateway.Gateway")); // hands HealthView's service over
    only("io.grpc..", places);
    only("com.google.protobuf..", places);
    only("dev.millrace.proto..", places);
  }

  @Test
  void nettyIsForTheProtocol() {
    only(
        "io.netty..",
        resideInAnyPackage("dev.millrace.gateway.kserve", "dev.millrace.gateway.cli"));
  }

  @Test
  void prometheusIsForMetricsAndTheirPort() {
    only(
        "io.prometheus..",
        resideInAnyPackage("dev.millrace.gateway.metrics", "dev.millrace.gateway.http")
            .or(named("dev.millrace.gateway.Gateway")));
  }

  @Test
  void theCommandLinesLibraryIsForTheCommandLine() {
    only("picocli..", resideInAPackage("dev.millrace.gateway.cli"));
    only("ch.qos.logback..", resideInAPackage("dev.millrace.gateway.cli"));
  }

  private static void only(String library, DescribedPredicate<JavaClass> places) {
    noClasses()
        .that(DescribedPredicate.not(places))
        .should()
        .dependOnClassesThat(resideInAPackage(library))
        .check(OURS);
  }

  /** The class of that name and those nested in it. */
  private static DescribedPredicate<JavaClass> named(String name) {
    return DescribedPredicate.describe(
        name, type -> type.getName().equals(name) || type.getName().startsWith(name + "$"));
  }

  // --- the world outside

  @Test
  void theEnvironmentIsReadByTheConfiguration() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.millrace.gateway.config")
        .should()
        .callMethod(System.class, "getenv")
        .orShould()
        .callMethod(System.class, "getenv", String.class)
        .check(OURS);
  }

  @Test
  void theClockIsReadAtTheEdges() {
    noClasses()
        .that(
            DescribedPredicate.not(
                named("dev.millrace.gateway.Gateway") // hands it to everything that needs one
                    .or(named("dev.millrace.gateway.kserve.GrpcEndpoint"))
                    .or(resideInAPackage("dev.millrace.gateway.cli"))
                    // engines measure their own runs
                    .or(resideInAPackage("dev.millrace.backends.onnx"))
                    .or(resideInAPackage("dev.millrace.backends.echo"))))
        .should()
        .callMethod(System.class, "nanoTime")
        .check(OURS);
  }

  @Test
  void nothingOfOursSleeps() {
    noClasses()
        .that()
        // programs that wait for a server
        .resideOutsideOfPackages("dev.millrace.gateway.cli", "dev.millrace.admin.client")
        .should()
        .callMethodWhere(target(name("sleep")).and(target(owner(resideInAPackage("java..")))))
        .check(OURS);
  }

  /** The JVM halts all threads, one after the other, to close one. */
  @Test
  void noArenasAreShared() {
    noClasses().should().callMethod(Arena.class, "ofShared").check(OURS);
  }
}
