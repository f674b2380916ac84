// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.time.Clock;
import org.junit.jupiter.api.Test;

final class ArchitectureTest {
  private static final String SIMULATOR = "dev.millrace.loadtest.simulator..";

  private final JavaClasses ours =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.millrace.loadtest");

  @Test
  void theSimulatorKnowsTheQueueAndArrivalsOnly() {
    classes()
        .that()
        .resideInAPackage(SIMULATOR)
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "java..",
            "org.jspecify..",
            "com.fasterxml.jackson.core..",
            "dev.millrace.batching..",
            SIMULATOR,
            "dev.millrace.loadtest.load",
            "dev.millrace.loadtest.workload")
        .check(ours);
  }

  @Test
  void onlyTheSimulatorKnowsTheQueue() {
    noClasses()
        .that()
        .resideOutsideOfPackage(SIMULATOR)
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.millrace.batching..")
        .check(ours);
  }

  @Test
  void simulatedTimeIsNeverRead() {
    noClasses()
        .that()
        .resideInAPackage(SIMULATOR)
        .should()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .dependOnClassesThat()
        .areAssignableTo(Clock.class)
        .check(ours);
  }

  @Test
  void theSimulatorsPackagesFormNoCycles() {
    slices().matching("dev.millrace.loadtest.simulator.(**)").should().beFreeOfCycles().check(ours);
  }
}
