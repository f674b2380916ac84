// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.echo;

import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.model.Runner;
import java.util.function.IntConsumer;

/** A model that answers what it was sent. */
final class EchoModel implements LoadedModel {
  private final EchoSettings settings;
  private final IntConsumer beforeRun;
  private final Object lock = new Object();
  private int openRunners;
  private boolean closed;

  EchoModel(EchoSettings settings, IntConsumer beforeRun) {
    this.settings = settings;
    this.beforeRun = beforeRun;
  }

  @Override
  public ModelSignature signature() {
    return settings.signature();
  }

  @Override
  public Runner newRunner() {
    synchronized (lock) {
      if (closed) {
        throw new IllegalStateException("the model is closed");
      }
      Runner runner = new EchoRunner(settings, beforeRun, this::runnerClosed);
      openRunners++; // counted once it is there to be closed
      return runner;
    }
  }

  @Override
  public boolean runsOnCores() {
    return settings.spin();
  }

  private void runnerClosed() {
    synchronized (lock) {
      openRunners--;
    }
  }

  @Override
  public void close() {
    synchronized (lock) {
      if (openRunners > 0) {
        throw new IllegalStateException(openRunners + " runners are still open");
      }
      closed = true;
    }
  }
}
