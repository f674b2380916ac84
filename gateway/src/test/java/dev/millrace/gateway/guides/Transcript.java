// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.guides;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A session at a console, as a guide shows it: commands behind a {@code $}, and below each what it
 * prints. {@code …} stands for what differs or is of no interest: on a line of its own for any
 * number of lines, else for the rest of a word or line.
 */
public final class Transcript {
  private static final String PROMPT = "$ ";
  private static final String ANYTHING = "…";

  private final List<Step> steps = new ArrayList<>();

  /** What a build for GPUs says of each model on a machine without one. */
  private static final Pattern NO_GPU = Pattern.compile("(?<=\"reason\": \")not on a GPU: [^\"]*");

  private record Step(String command, List<String> printed) {}

  public Transcript(String block) {
    Iterator<String> lines = block.lines().iterator();
    while (lines.hasNext()) {
      String line = lines.next();
      if (!line.startsWith(PROMPT)) {
        steps.getLast().printed().add(line);
        continue;
      }
      StringBuilder command = new StringBuilder(line.substring(PROMPT.length()));
      while (command.charAt(command.length() - 1) == '\\') {
        command.append('\n').append(lines.next());
      }
      steps.add(new Step(command.toString(), new ArrayList<>()));
    }
  }

  /** Runs each command, compares what it prints, and returns how many there were. */
  public int check(Script bash) throws IOException, InterruptedException {
    for (Step step : steps) {
      String said = lines(bash.run("bash", "-c", step.command()).said());
      said = NO_GPU.matcher(said).replaceAll("");
      assertThat(said).as("$ %s", step.command()).matches(expected(step));
    }
    return steps.size();
  }

  /** Each with its end, and none for nothing. */
  private static String lines(String text) {
    return text.lines().map(line -> line + "\n").collect(Collectors.joining());
  }

  private static Pattern expected(Step step) {
    return Pattern.compile(
        step.printed().stream().map(Transcript::expected).collect(Collectors.joining()));
  }

  private static String expected(String line) {
    return line.strip().equals(ANYTHING)
        ? "(.*\n)*?"
        : Arrays.stream(line.split(ANYTHING, -1))
            .map(Pattern::quote)
            .collect(Collectors.joining(".*", "", "\n"));
  }
}
