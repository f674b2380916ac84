// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import dev.millrace.backends.repository.Scheduling.Mode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ConfigOverlayTest {

  private static ModelManifest everything() throws ManifestException {
    return new YamlManifest(Set.of("onnxruntime")).parse(YamlManifestTest.EVERYTHING);
  }

  private static ModelEntry entry(ModelManifest manifest) {
    return new ModelEntry(
        "m", manifest, List.of(new ModelVersion(1, "f", true, Optional.empty())), Optional.empty());
  }

  private static ModelManifest over(ModelManifest base, String config) {
    ModelEntry overlaid = ConfigOverlay.over(entry(base), config);
    assertThat(overlaid.versions().getFirst().problem()).isEmpty();
    return overlaid.manifest();
  }

  @Test
  void changesWhatItSaysAndNothingElse() throws ManifestException {
    ModelManifest base = everything();

    assertThat(over(base, "{}")).isEqualTo(base);
    ModelManifest changed =
        over(base, "{\"max_batch_size\": 16, \"slo\": \"50ms\", \"threads\": 2}");

    assertThat(changed.options().maxBatchSize()).hasValue(16);
    assertThat(changed.options().threads()).isEqualTo(2);
    assertThat(changed.scheduling().sloNanos()).isEqualTo(50_000_000);
    assertThat(over(changed, "{max_batch_size: 64, slo: 25ms, threads: 4}")).isEqualTo(base);
  }

  @Test
  void optionsOfTheEngineAreOverlaidOneByOne() {
    ModelManifest base =
        over(ModelManifest.DEFAULT, "{engine: {execution_mode: parallel, inter_op_threads: 2}}");

    assertThat(over(base, "{engine: {inter_op_threads: 3}}").options().engine())
        .containsOnly(Map.entry("execution_mode", "parallel"), Map.entry("inter_op_threads", "3"));
  }

  @Test
  void otherLevelsOfPriorityForgetWhatWasSaidOfThoseBefore() throws ManifestException {
    Scheduling scheduling = over(everything(), "{priority_levels: 7}").scheduling();

    assertThat(scheduling.priorityLevels()).isEqualTo(7);
    assertThat(scheduling.defaultPriority()).isEqualTo(4);
    assertThat(scheduling.levelPolicies()).isEmpty();
  }

  @Test
  void fitsWhatTheModelSaysOrIsItsVersionsProblem() throws ManifestException {
    String config = "{queue_delay: 2ms}";

    assertThat(ConfigOverlay.problem(config)).isEmpty();
    assertThat(over(everything(), config).scheduling().mode()).isEqualTo(Mode.TRITON);
    assertThat(
            ConfigOverlay.over(entry(ModelManifest.DEFAULT), config)
                .versions()
                .getFirst()
                .problem())
        .contains("config.queue_delay: without effect with scheduler: auto (expected triton)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {slow: 20ms}           | config.slow: unknown key (did you mean 'slo'?)
          {slo: 20}              | config.slo: 20 (expected a duration such as 25ms, 1us..24h)
          {max_batch_size: "64"} | config.max_batch_size: '64' (expected 0..65536)
          {slo: null}            | config.slo: nothing (expected a duration such as 25ms, 1us..24h)
          {replicas: 2}          | config.replicas: has no place here (expected replicas or autoscale of the deployment itself)
          {version_policy: all}  | config.version_policy: has no place here (expected version or traffic of the deployment itself)
          {backend: echo}        | config.backend: has no place here (expected it in the model's own configuration)
          {file: a.onnx}         | config.file: has no place here (expected it in the model's own configuration)
          {required: false}      | config.required: has no place here (expected nothing: whatever is deployed is required)
          {scheduler: auto, queue_delay: 1ms} | config.queue_delay: without effect with scheduler: auto (expected triton)
          """,
      quoteCharacter = '~')
  void saysWhatIsWrongWhateverItOverlays(String config, String problem) {
    assertThat(ConfigOverlay.problem(config)).contains(problem);
  }

  @Test
  void changesAreALineForEachKey() {
    assertThat(
            ConfigOverlay.changes(
                "{\"engine\":{\"execution_mode\":\"parallel\"},\"slo\":\"20ms\",\"threads\":2}",
                "{\"preferred_batch_sizes\":[4,8],\"slo\":\"50ms\",\"threads\":2}"))
        .containsExactly(
            "config.engine.execution_mode: parallel → the model's own",
            "config.preferred_batch_sizes: the model's own → [4, 8]",
            "config.slo: 20ms → 50ms");
    assertThat(ConfigOverlay.changes(ConfigOverlay.NONE, ConfigOverlay.NONE)).isEmpty();
  }
}
