// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.repository.FoundModel.FoundVersion;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Whether versions seem to be on their way in: they are settled once they have not changed for a
 * while, or from one listing to the next. One thread lists.
 */
public final class Settling {
  private final InstantSource clock;
  private final long settleMillis;

  /** By model and version: what its activity was when it was last listed. */
  private Map<String, String> lastActivities = Map.of();

  /**
   * @param clock the time to compare file times with
   * @param settleMillis how long a version must not have changed to be settled at first sight
   */
  public Settling(InstantSource clock, long settleMillis) {
    this.clock = clock;
    this.settleMillis = settleMillis;
  }

  /** All models that a listing found. */
  public List<ModelEntry> list(List<FoundModel> models) {
    Map<String, String> activities = new HashMap<>();
    List<ModelEntry> entries =
        models.stream()
            .map(
                model ->
                    model.toEntry(
                        version -> {
                          String key = model.name() + "/" + version.number();
                          activities.put(key, version.activity());
                          return version.activity().equals(lastActivities.get(key))
                              || isOld(version);
                        }))
            .toList();
    lastActivities = activities;
    return entries;
  }

  /** Whether it has not changed for long enough. Any thread. */
  public boolean isOld(FoundVersion version) {
    return version.newestMillis() <= clock.millis() - settleMillis;
  }
}
