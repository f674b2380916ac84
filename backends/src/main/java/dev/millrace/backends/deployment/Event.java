// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import java.time.Instant;
import java.util.Locale;

/**
 * Something that was changed, or was to be.
 *
 * @param number counts from 1
 * @param actor who asked for it
 * @param subject name of the deployment, model or setting
 * @param before how it was; empty for nothing
 * @param after how it is
 * @param failure why it did not come to be; empty if it did
 */
public record Event(
    long number,
    Instant time,
    String actor,
    String subject,
    Kind kind,
    String before,
    String after,
    String failure) {

  /** The actor of what nobody asked for. */
  public static final String GATEWAY = "gateway";

  /** What it was. */
  public enum Kind {
    /** A model of a repository, without a deployment. */
    MODEL_LOADED,
    MODEL_UNLOADED,
    APPLIED,
    DELETED,
    SCALED,
    /** By the load, between the bounds that were declared. */
    AUTOSCALED,
    ROLLOUT_BEGAN,
    ROLLOUT_STEP,
    /** A step lasts longer than its bake time; what it waits for. */
    ROLLOUT_WAITS,
    ROLLOUT_DONE,
    ROLLED_BACK,
    ROLLOUT_FAILED,
    VERSION_PUSHED,
    VERSION_DELETED,
    ALIAS_SET,
    ALIAS_DELETED,
    /** Of the gateway itself; its key is the subject. */
    SETTING_CHANGED,
    SHADOW_BEGAN,
    SHADOW_ENDED;

    /** "rollout-began". */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }
}
