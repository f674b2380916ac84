// SPDX-License-Identifier: Apache-2.0
package dev.millrace.batching;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  private static final JavaClasses BATCHING =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.millrace.batching");

  @Test
  void knowsTheJdkAndTheDisruptorOnly() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage("dev.millrace.batching..", "java..", "com.lmax..", "org.jspecify..")
        .check(BATCHING);
  }

  @Test
  void decidesWithoutTheQueue() {
    noClasses()
        .that()
        .resideInAPackage("dev.millrace.batching.policy")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dev.millrace.batching", "com.lmax..")
        .check(BATCHING);
    noClasses()
        .that()
        .resideInAPackage("dev.millrace.batching.cost")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dev.millrace.batching", "dev.millrace.batching.policy", "com.lmax..")
        .check(BATCHING);
  }

  @Test
  void takesTimeAsAParameter() {
    noClasses().should().callMethod(System.class, "nanoTime").check(BATCHING);
    noClasses().should().callMethod(System.class, "currentTimeMillis").check(BATCHING);
    noClasses().should().dependOnClassesThat().resideInAPackage("java.time..").check(BATCHING);
  }
}
