// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.e2e;

import dev.millrace.backends.echo.EchoBackend;
import dev.millrace.backends.model.Backend;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelOptions;

/** The echo engine with a {@link Gate} before its runs. Found as every engine is. */
public final class HeldBackend implements Backend {
  @Override
  public String name() {
    return "held";
  }

  @Override
  public String platform() {
    return "test_held";
  }

  @Override
  public String defaultFileName() {
    return "model.echo";
  }

  @Override
  public LoadedModel load(ModelArtifact artifact, ModelOptions options) throws ModelLoadException {
    Gate gate = Gate.of(artifact.name());
    return new EchoBackend(rows -> gate.pass()).load(artifact, options);
  }
}
