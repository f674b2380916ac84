// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.guides;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A page of {@code docs/guides}, as what it shows: its fenced blocks. */
public final class Guide {
  private static final Pattern BLOCK =
      Pattern.compile("^```(\\w*)\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);

  private final String name;
  private final String page;
  private final List<Block> blocks = new ArrayList<>();

  /**
   * A fenced block.
   *
   * @param language what stands behind the fence
   */
  public record Block(String language, String text) {}

  private Guide(String name, String page) {
    this.name = name;
    this.page = page;
    Matcher matcher = BLOCK.matcher(page);
    while (matcher.find()) {
      blocks.add(new Block(matcher.group(1), matcher.group(2)));
    }
  }

  public static Guide read(String name) throws IOException {
    return new Guide(name, Files.readString(repositoryRoot().resolve("docs/guides").resolve(name)));
  }

  /** The part below one of its headings of the second level. */
  public Guide section(String heading) {
    String begin = "\n## " + heading + "\n";
    assertThat(page).as("docs/guides/%s", name).contains(begin);
    String rest = page.substring(page.indexOf(begin) + begin.length());
    return new Guide(name, rest.split("\n## ", 2)[0]);
  }

  /** The texts of its blocks of one language, in their order. */
  public List<String> blocks(String language) {
    return blocks.stream()
        .filter(block -> block.language().equals(language))
        .map(Block::text)
        .toList();
  }

  /** One of its blocks has to be this file, to the letter. */
  public void requireShows(Path file) throws IOException {
    assertThat(blocks)
        .as("docs/guides/%s shows %s as it is", name, file)
        .extracting(Block::text)
        .contains(Files.readString(repositoryRoot().resolve(file)));
  }

  /** The same, for a program among the tests. */
  public void requireShows(Class<?> sample) throws IOException {
    requireShows(Path.of("gateway/src/test/java", sample.getName().replace('.', '/') + ".java"));
  }

  public static Path repositoryRoot() {
    return Path.of(System.getProperty("basedir", ""), "..").toAbsolutePath().normalize();
  }
}
