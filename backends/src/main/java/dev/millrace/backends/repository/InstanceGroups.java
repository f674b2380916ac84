// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.Placement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The groups of instances that a {@code config.pbtxt} wants, summed: here all replicas of a model
 * are alike.
 */
final class InstanceGroups {
  private static final List<String> IGNORED =
      List.of("rate_limiter", "profile", "host_policy", "secondary_devices");

  private final List<String> notes;
  private final Set<Placement.Wanted> wanted = EnumSet.noneOf(Placement.Wanted.class);
  private final Set<Device> gpus = new TreeSet<>();
  private long instances;

  /**
   * @param notes takes what is read and has no effect
   */
  InstanceGroups(List<String> notes) {
    this.notes = notes;
  }

  void add(PbtxtMessage group) {
    String kind = group.constant("kind", "InstanceKind").orElse("KIND_AUTO");
    if (kind.equals("KIND_MODEL")) {
      note("KIND_MODEL has no effect");
    } else if (group.isTrue("passive")) {
      note("a passive group has no effect");
    } else {
      addInstances(group, kind);
    }
    IGNORED.stream().filter(group::has).forEach(name -> note(name + " has no effect"));
  }

  private void addInstances(PbtxtMessage group, String kind) {
    // 0 is protobuf's way of leaving it out
    long count = Math.max(1, group.integer("count").orElse(1));
    if (kind.equals("KIND_CPU")) {
      wanted.add(Placement.Wanted.CPU);
      instances += count;
      return;
    }
    long[] numbers = group.integers("gpus");
    boolean wantsGpu = kind.equals("KIND_GPU") || numbers.length > 0;
    wanted.add(wantsGpu ? Placement.Wanted.GPU : Placement.Wanted.AUTO);
    Arrays.stream(numbers).forEach(number -> gpus.add(Device.gpu((int) number)));
    instances += count * Math.max(1, numbers.length); // each of them gets so many
  }

  /** Of all groups. */
  long instances() {
    return instances;
  }

  /** Where they are to run; empty if nothing says so. */
  Optional<Placement> placement() {
    if (wanted.isEmpty()) {
      return Optional.empty();
    }
    if (wanted.size() > 1) {
      note("groups of several kinds run together, on a GPU where one can be used");
    }
    if (wanted.contains(Placement.Wanted.GPU)) {
      return Optional.of(new Placement(Placement.Wanted.GPU, new ArrayList<>(gpus), false));
    }
    return Optional.of(wanted.contains(Placement.Wanted.AUTO) ? Placement.AUTO : Placement.CPU);
  }

  private void note(String what) {
    notes.add("instance_group: " + what);
  }
}
