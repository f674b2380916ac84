// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.process;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Processor cores by number, as Linux and {@code taskset} write them: {@code 0-3,8}. */
record CpuList(List<Integer> cpus) {
  CpuList {
    cpus = List.copyOf(cpus);
  }

  /** Reads the form of {@code Cpus_allowed_list}; throws IllegalArgumentException if it is none. */
  static CpuList parse(String text) {
    List<Integer> cpus = new ArrayList<>();
    for (String part : text.strip().split(",", -1)) {
      int dash = part.indexOf('-');
      int first = Integer.parseInt(dash < 0 ? part : part.substring(0, dash));
      int last = dash < 0 ? first : Integer.parseInt(part.substring(dash + 1));
      for (int cpu = first; cpu <= last; cpu++) {
        cpus.add(cpu);
      }
    }
    return new CpuList(cpus);
  }

  CpuList only(int index) {
    return new CpuList(List.of(cpus.get(index)));
  }

  @Override
  public String toString() {
    return cpus.stream().map(String::valueOf).collect(Collectors.joining(","));
  }
}
