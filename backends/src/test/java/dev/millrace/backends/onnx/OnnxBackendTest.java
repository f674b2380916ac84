// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import dev.millrace.backends.model.Backend;
import dev.millrace.backends.model.BackendContract;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.tensor.DataType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class OnnxBackendTest extends BackendContract {
  @TempDir private Path folder;

  @Override
  protected Backend backend() {
    return new OnnxBackend();
  }

  @Override
  protected LoadedModel identity(ModelOptions options) throws ModelLoadException {
    return Loading.load(folder, OnnxModels.identity(DataType.FP32, "n", 4), options);
  }

  @Override
  protected ModelArtifact broken() {
    return Loading.write(folder, "no model".getBytes(StandardCharsets.UTF_8));
  }
}
