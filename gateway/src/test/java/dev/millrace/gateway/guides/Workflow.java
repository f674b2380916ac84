// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.guides;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * A workflow of GitHub Actions with one job, as its runner takes it: steps in their order by {@code
 * bash -e}, each with the variables of the workflow and its own, those after a failure only if they
 * say {@code always()}. Steps that use actions of others are passed over.
 */
public final class Workflow {
  private static final Pattern EXPRESSION = Pattern.compile("\\$\\{\\{\\s*([\\w.]+)\\s*}}");

  private final Map<String, Object> workflow;
  private final Map<String, Object> job;
  private final Map<String, String> contexts;

  /**
   * @param contexts what expressions mean: {@code vars.X}, {@code secrets.Y}
   */
  public Workflow(Path file, Map<String, String> contexts) throws IOException {
    this.contexts = contexts;
    workflow = map(new Load(LoadSettings.builder().build()).loadFromString(Files.readString(file)));
    job = map(map(workflow.get("jobs")).values().iterator().next());
  }

  /** Runs the steps in a folder that is checked out; what the first that fails ends with, or 0. */
  public Script.Result run(Path checkedOut) throws IOException, InterruptedException {
    Path summary = Files.createFile(checkedOut.resolve("summary"));
    StringBuilder out = new StringBuilder();
    StringBuilder err = new StringBuilder();
    int exitCode = 0;
    for (Object each : (List<?>) job.get("steps")) {
      Map<String, Object> step = map(each);
      boolean due = exitCode == 0 || "always()".equals(step.get("if"));
      if (due && step.containsKey("run")) {
        Script.Result result =
            new Script(checkedOut, environment(step, summary))
                .run("bash", "-e", "-c", String.valueOf(step.get("run")));
        out.append(result.out());
        err.append(result.err());
        exitCode = exitCode == 0 ? result.exitCode() : exitCode;
      }
    }
    return new Script.Result(exitCode, out + Files.readString(summary), err.toString());
  }

  private Map<String, String> environment(Map<String, Object> step, Path summary) {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("GITHUB_STEP_SUMMARY", summary.toString());
    environment.put("GITHUB_SHA", contexts.getOrDefault("github.sha", ""));
    for (Map<String, Object> scope : List.of(workflow, job, step)) {
      map(scope.getOrDefault("env", Map.of()))
          .forEach((name, value) -> environment.put(name, evaluate(String.valueOf(value))));
    }
    return environment;
  }

  private String evaluate(String text) {
    return EXPRESSION
        .matcher(text)
        .replaceAll(
            expression -> {
              String value = contexts.get(expression.group(1));
              if (value == null) {
                throw new AssertionError(expression.group() + ": not said what it means");
              }
              return Matcher.quoteReplacement(value);
            });
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(Object value) {
    return (Map<String, Object>) value;
  }
}
