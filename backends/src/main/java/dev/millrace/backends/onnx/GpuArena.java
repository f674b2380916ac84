// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;

/** Has ORT give back a GPU's memory after peaks; as it is, it keeps all that it ever took. */
final class GpuArena {
  private static final String KEY = "memory.enable_memory_arena_shrinkage";
  private static final String NOTHING = "";

  private final String device;
  private final OrtSession.RunOptions options;
  private final Shrinkage shrinkage = new Shrinkage();
  private boolean shrinks;

  /**
   * @param device as ORT writes it, such as {@code gpu:0}
   * @param options of each run
   */
  GpuArena(String device, OrtSession.RunOptions options) {
    this.device = device;
    this.options = options;
  }

  /** A run of so many bytes of input is about to begin. */
  void before(long bytes) throws OrtException {
    shrink(shrinkage.before(bytes));
  }

  void shrink(boolean shrink) throws OrtException {
    if (shrink != shrinks) {
      options.addRunConfigEntry(KEY, shrink ? device : NOTHING);
      shrinks = shrink;
    }
  }
}
