// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.echo;

import dev.millrace.backends.model.Backend;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/**
 * An engine without a model: it answers what it was sent, at a cost and with faults of one's
 * choice. For tests, demonstrations and load tests, in place of a device.
 *
 * <p>Output number i is input number i (counted round, if there are more outputs) under the
 * output's name. The model's file, {@code model.echo}, is empty, or holds lines {@code key =
 * value}; the options of the model's configuration go before them. The keys:
 *
 * <dl>
 *   <dt>inputs
 *   <dd>such as {@code x FP32[-1,4]; word BYTES[-1]}; default {@code x FP32[-1,4]}. What the
 *       configuration declares comes first.
 *   <dt>outputs
 *   <dd>likewise; default {@code y} like the first input
 *   <dt>unbatched
 *   <dd>the reason why this model is not batched; batched without it
 *   <dt>delay_micros_per_batch, delay_micros_per_row
 *   <dd>what a run takes
 *   <dt>delay
 *   <dd>{@code park} (default: as a device that computes by itself) or {@code spin} (as a
 *       processor)
 *   <dt>fail_when
 *   <dd>a run fails if an element of the first input is this: a number, {@code NaN}, or a text
 *   <dt>hang_when
 *   <dd>likewise, a run goes on until it is terminated, waiting as {@code delay} says
 *   <dt>wrong_shape
 *   <dd>{@code true}: outputs have a row too many
 *   <dt>load_delay_millis
 *   <dd>what loading takes
 *   <dt>load_failure
 *   <dd>loading fails with this message
 * </dl>
 */
public final class EchoBackend implements Backend {
  private final IntConsumer beforeRun;

  public EchoBackend() {
    this(rows -> {});
  }

  /**
   * For tests that hold a run until they have seen what they wanted to see.
   *
   * @param beforeRun called with the number of rows, on the thread of the run
   */
  public EchoBackend(IntConsumer beforeRun) {
    this.beforeRun = beforeRun;
  }

  @Override
  public String name() {
    return "echo";
  }

  @Override
  public String platform() {
    return "millrace_echo";
  }

  @Override
  public String defaultFileName() {
    return "model.echo";
  }

  @Override
  public LoadedModel load(ModelArtifact artifact, ModelOptions options) throws ModelLoadException {
    Map<String, String> settings = new HashMap<>(read(artifact));
    settings.putAll(options.engine());
    EchoSettings echo = EchoSettings.parse(settings, options);
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(echo.loadDelayMillis());
    for (long left; (left = until - System.nanoTime()) > 0; ) {
      LockSupport.parkNanos(left);
    }
    if (!echo.loadFailure().isEmpty()) {
      throw new ModelLoadException(echo.loadFailure());
    }
    return new EchoModel(echo, beforeRun);
  }

  private static Map<String, String> read(ModelArtifact artifact) throws ModelLoadException {
    Map<String, String> settings = new HashMap<>();
    try {
      for (String line : Files.readAllLines(artifact.file())) {
        int equals = line.indexOf('=');
        if (equals > 0) {
          settings.put(line.substring(0, equals).strip(), line.substring(equals + 1).strip());
        } else if (!line.isBlank()) {
          throw new ModelLoadException("line '" + line + "' (expected 'key = value')");
        }
      }
    } catch (IOException e) {
      throw new ModelLoadException("cannot read " + artifact.file().getFileName() + ": " + e, e);
    }
    return settings;
  }
}
