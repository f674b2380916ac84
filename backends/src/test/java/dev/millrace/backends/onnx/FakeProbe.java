// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** A build of ONNX Runtime with providers and devices that a test makes up. */
final class FakeProbe implements ProviderProbe {
  private final Set<OrtProvider> compiledIn = EnumSet.of(OrtProvider.CPU);
  private List<String> missing = List.of();
  private List<String> failures = List.of();
  private boolean hasDriver = true;

  FakeProbe with(OrtProvider... providers) {
    compiledIn.addAll(List.of(providers));
    return this;
  }

  /** What each device in turn fails with, as ORT words it; empty text for one that works. */
  FakeProbe failing(String... messages) {
    failures = List.of(messages);
    return this;
  }

  FakeProbe lacking(String... libraries) {
    missing = List.of(libraries);
    return this;
  }

  FakeProbe withoutDriver() {
    hasDriver = false;
    return this;
  }

  @Override
  public boolean hasNvidiaDriver() {
    return hasDriver;
  }

  @Override
  public String version() {
    return "1.2.3";
  }

  @Override
  public String build() {
    return "a test";
  }

  @Override
  public Set<OrtProvider> compiledIn() {
    return compiledIn;
  }

  @Override
  public List<String> missingLibraries(OrtProvider provider) {
    return missing;
  }

  @Override
  public void tryOut(OrtProvider provider, int index) throws OrtException {
    String failure =
        index < failures.size()
            ? failures.get(index)
            : RecordedFailures.noSuchDevice(index, failures.size());
    if (!failure.isEmpty()) {
      throw new OrtException(failure);
    }
  }
}
