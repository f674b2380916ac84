// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import java.util.List;
import java.util.Set;

/** What can be asked of a build of ONNX Runtime about its execution providers. */
interface ProviderProbe {

  /** Such as {@code 1.29.0}. */
  String version();

  /** Where its libraries come from, for people. */
  String build();

  /** Those that it was compiled with, whether this machine can do anything with them or not. */
  Set<OrtProvider> compiledIn();

  /** Whether there is a driver of NVIDIA's. */
  boolean hasNvidiaDriver();

  /** Libraries that a provider needs and this machine lacks. */
  List<String> missingLibraries(OrtProvider provider);

  /**
   * Runs a graph of one node by a provider.
   *
   * @param index of the device
   * @throws OrtException with ONNX Runtime's reason why it cannot be done
   */
  void tryOut(OrtProvider provider, int index) throws OrtException;
}
