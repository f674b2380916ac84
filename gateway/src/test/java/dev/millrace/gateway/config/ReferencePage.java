// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A page of {@code docs/reference} that is generated from the code and kept with it. */
public final class ReferencePage {
  private static final String WRITE = "millrace.docs.write";

  private ReferencePage() {}

  /** Compares the page with what it should be, or with {@code -Dmillrace.docs.write} writes it. */
  public static void check(String name, String expected) throws IOException {
    Path page = Path.of(System.getProperty("basedir", ""), "..", "docs", "reference", name);
    if (System.getProperty(WRITE) != null) {
      Files.createDirectories(page.getParent());
      Files.writeString(page, expected);
    }
    assertThat(Files.exists(page) ? Files.readString(page) : "")
        .as(
            "docs/reference/%s; to write it anew: mvn -q -pl gateway -am test -D%s"
                + " -Dtest='*ReferencePageTest' -Dsurefire.failIfNoSpecifiedTests=false",
            name, WRITE)
        .isEqualTo(expected);
  }
}
