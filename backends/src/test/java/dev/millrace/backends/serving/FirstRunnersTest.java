// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelArtifact;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class FirstRunnersTest {
  private final ScriptedBackend backend = new ScriptedBackend();

  @Test
  void oneThatFailsToCloseLeavesNoOtherOpen() throws Exception {
    LoadedModel model =
        backend.load(
            new ModelArtifact("m", 1, Path.of("nowhere")), ListedRepository.MANIFEST.options());
    FirstRunners first =
        new FirstRunners(model, new WarmUp(model.signature(), List.of(), System::nanoTime));
    first.make(3);
    backend.refuseToCloseRunners = true;

    assertThatThrownBy(first::close).hasMessage("told to fail");

    assertThat(backend.openRunners).hasValue(0);
  }
}
