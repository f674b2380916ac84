// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Configurations that somebody has brought along, in place of those that lie with the models. Any
 * thread.
 */
public final class ConfigOverrides {
  private final Map<String, byte[]> byModel = new ConcurrentHashMap<>();

  /**
   * From the next look on, a model's configuration is this.
   *
   * @param pbtxt a Triton configuration
   */
  public void put(String model, String pbtxt) {
    byModel.put(model, pbtxt.getBytes(StandardCharsets.UTF_8));
  }

  /** From the next look on, a model's configuration is its own. */
  public void remove(String model) {
    byModel.remove(model);
  }

  boolean has(String model) {
    return byModel.containsKey(model);
  }

  /** A model's folder, with the configuration that holds. */
  Folder over(String model, Folder folder) {
    byte[] config = byModel.get(model);
    return config == null ? folder : new OverriddenFolder(folder, config);
  }
}
