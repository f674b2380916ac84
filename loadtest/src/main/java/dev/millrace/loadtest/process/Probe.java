// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.process;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.management.RuntimeMXBean;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.management.MBeanServerConnection;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * Looks into another JVM of the same user: what it has used so far. A look costs that JVM well
 * below a millisecond.
 */
public final class Probe implements AutoCloseable {
  /**
   * What a JVM has used since its start.
   *
   * @param cpuNanos processor time of all threads; in steps of 10 ms
   * @param allocatedBytes on the heap, by all threads
   * @param directBuffers there are now, of those that the JVM counts: not Netty's own
   */
  public record Reading(long cpuNanos, long allocatedBytes, long directBuffers) {
    /** What was used between an earlier reading and this one. */
    public Reading since(Reading earlier) {
      return new Reading(
          cpuNanos - earlier.cpuNanos,
          allocatedBytes - earlier.allocatedBytes,
          directBuffers - earlier.directBuffers);
    }
  }

  private final JMXConnector connector;
  private final OperatingSystemMXBean system;
  private final ThreadMXBean threads;
  private final BufferPoolMXBean direct;
  private final MemoryMXBean memory;
  private final RuntimeMXBean runtime;
  private final CompilationMXBean compiler;

  private Probe(JMXConnector connector) throws IOException {
    this.connector = connector;
    MBeanServerConnection beans = connector.getMBeanServerConnection();
    this.system =
        proxy(beans, ManagementFactory.OPERATING_SYSTEM_MXBEAN_NAME, OperatingSystemMXBean.class);
    this.threads = proxy(beans, ManagementFactory.THREAD_MXBEAN_NAME, ThreadMXBean.class);
    this.direct = proxy(beans, "java.nio:type=BufferPool,name=direct", BufferPoolMXBean.class);
    this.memory = proxy(beans, ManagementFactory.MEMORY_MXBEAN_NAME, MemoryMXBean.class);
    this.compiler =
        proxy(beans, ManagementFactory.COMPILATION_MXBEAN_NAME, CompilationMXBean.class);
    this.runtime = proxy(beans, ManagementFactory.RUNTIME_MXBEAN_NAME, RuntimeMXBean.class);
  }

  private static <T extends java.lang.management.PlatformManagedObject> T proxy(
      MBeanServerConnection beans, String name, Class<T> type) throws IOException {
    return ManagementFactory.newPlatformMXBeanProxy(beans, name, type);
  }

  /**
   * Attaches to a JVM.
   *
   * @throws IOException if it cannot be attached to
   */
  // the address is that of the process itself, which this one has started
  @SuppressWarnings("BanJNDI")
  public static Probe attach(long pid) throws IOException {
    try {
      VirtualMachine machine = VirtualMachine.attach(String.valueOf(pid));
      try {
        return new Probe(
            JMXConnectorFactory.connect(new JMXServiceURL(machine.startLocalManagementAgent())));
      } finally {
        machine.detach();
      }
    } catch (AttachNotSupportedException e) {
      throw new IOException("process %d cannot be attached to: %s".formatted(pid, e), e);
    }
  }

  public Reading read() {
    // the processor time last: what the others cost then belongs to the time before
    long allocated = threads.getTotalThreadAllocatedBytes();
    long buffers = direct.getCount();
    return new Reading(system.getProcessCpuTime(), allocated, buffers);
  }

  /** Time that its compilers have worked so far. */
  public long compilationNanos() {
    return TimeUnit.MILLISECONDS.toNanos(compiler.getTotalCompilationTime());
  }

  /** Collects garbage, and returns what of the heap is in use then. */
  public long usedHeapBytes() {
    memory.gc();
    return memory.getHeapMemoryUsage().getUsed();
  }

  /** The flags that the JVM was started with. */
  public List<String> flags() {
    return runtime.getInputArguments();
  }

  @Override
  public void close() {
    try {
      connector.close();
    } catch (IOException e) {
      // the JVM is gone, which is as good
    }
  }
}
