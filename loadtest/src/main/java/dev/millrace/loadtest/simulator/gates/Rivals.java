// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.simulator.gates;

import dev.millrace.loadtest.simulator.Scheduler;
import dev.millrace.loadtest.simulator.baseline.ClipperAimd;
import dev.millrace.loadtest.simulator.baseline.NexusWindow;
import dev.millrace.loadtest.simulator.baseline.NoBatching;
import dev.millrace.loadtest.simulator.baseline.SizePlusDelayPull;
import dev.millrace.loadtest.simulator.baseline.SymphonyDeferred;
import dev.millrace.loadtest.simulator.baseline.TensorFlowBasic;
import dev.millrace.loadtest.simulator.baseline.TensorFlowJustInTime;
import dev.millrace.loadtest.simulator.baseline.TritonDynamic;
import java.util.LinkedHashMap;
import java.util.Map;

/** The baselines, set up as their own documentation does. */
public final class Rivals {
  public static final Scheduler.Factory NO_BATCHING = setting -> new NoBatching();

  public static final Scheduler.Factory TRITON =
      setting -> new TritonDynamic(TritonDynamic.Options.byDefault(setting.maxBatchRows()));

  /** With the true curve and no margin; a noisy machine asks for one. */
  public static final Scheduler.Factory SYMPHONY =
      setting ->
          new SymphonyDeferred(
              setting.service(), setting.replicas(), setting.sloNanos(), setting.maxBatchRows(), 0);

  private static final int DJL_QUEUE = 1000;

  private Rivals() {}

  /** By the names that users write. */
  public static Map<String, Scheduler.Factory> byName() {
    Map<String, Scheduler.Factory> rivals = new LinkedHashMap<>();
    rivals.put("none", NO_BATCHING);
    rivals.put("triton", TRITON);
    rivals.put(
        "tensorflow",
        setting -> new TensorFlowBasic(TensorFlowBasic.Options.byDefault(setting.maxBatchRows())));
    rivals.put(
        "tensorflow-jit",
        setting -> new TensorFlowJustInTime(setting.maxBatchRows(), Integer.MAX_VALUE));
    rivals.put(
        "djl",
        setting -> new SizePlusDelayPull(setting.replicas(), setting.maxBatchRows(), 0, DJL_QUEUE));
    rivals.put(
        "clipper",
        setting ->
            new ClipperAimd(setting.replicas(), setting.sloNanos(), setting.maxBatchRows(), 1));
    rivals.put(
        "nexus",
        setting ->
            NexusWindow.early(setting.service(), setting.sloNanos(), setting.maxBatchRows()));
    rivals.put("symphony", SYMPHONY);
    return rivals;
  }
}
