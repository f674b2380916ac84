// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.millrace.backends.device.Device;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelOptions;
import dev.millrace.backends.threads.Niceness;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens a model's sessions on a device.
 *
 * @param engine what the configuration says to ORT
 */
record SessionFactory(
    ModelArtifact artifact, ModelOptions options, OnnxOptions engine, Device device)
    implements ModelSessions {
  private static final Logger log = LoggerFactory.getLogger(SessionFactory.class);

  /** The model's file, as memory. */
  MemorySegment map(Arena arena) throws IOException {
    try (FileChannel channel = FileChannel.open(artifact.file(), StandardOpenOption.READ)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    }
  }

  /**
   * Opens one.
   *
   * @param arena for an edited graph; not needed any more once this has returned. The calling
   *     thread's own will do: another that ORT is called by is only told the address
   * @param graphs whether its runs may be captured as CUDA graphs
   */
  OrtSession open(OnnxGraph graph, GraphEdits edits, Arena arena, boolean graphs)
      throws OrtException, ModelLoadException {
    try (OrtSession.SessionOptions session = new OrtSession.SessionOptions()) {
      engine.apply(session, options.threads(), Interface.shapesVary(graph.inputs()));
      OrtEnvironment environment = Ort.environment();
      if (device.isGpu() && engine.usesTensorRt()) {
        addTensorRt(session, graph);
      }
      if (device.isGpu()) {
        engine.cuda().apply(session, device, options.gpuMemoryBytes(), graphs);
      }
      if (edits.isEmpty()) {
        // from the file: external data is found beside it, and nothing is copied
        String file = artifact.file().toString();
        return create(() -> environment.createSession(file, session));
      }
      log.info("{} version {}: {}", artifact.name(), artifact.version(), edits.describe());
      Path folder = artifact.file().toAbsolutePath().getParent();
      session.addConfigEntry(
          "session.model_external_initializers_file_folder_path", String.valueOf(folder));
      ByteBuffer edited = edits.write(arena);
      return create(() -> environment.createSession(edited, session));
    }
  }

  /** Before CUDA's provider, which gets the operators that this one leaves. */
  private void addTensorRt(OrtSession.SessionOptions session, OnnxGraph graph)
      throws OrtException, ModelLoadException {
    TensorRtOptions tensorRt = engine.tensorRt();
    Optional<Path> given = tensorRt.cache();
    Path cache =
        given.isPresent()
            ? given.get()
            : EngineFolder.ofUser().of(artifact, graph.hints().externalFiles());
    int rows = Math.max(1, options.maxBatchSize().orElse(ModelOptions.DEFAULT_MAX_BATCH_SIZE));
    tensorRt.apply(session, device, tensorRt.entries(graph.inputs(), rows, cache));
    log.info(
        "{} version {}: TensorRT makes engines, which may take minutes, unless they are in {}",
        artifact.name(),
        artifact.version(),
        cache);
  }

  /** From the file. */
  @Override
  public OrtSession open(boolean graphs) throws OrtException {
    try (Arena arena = Arena.ofConfined()) {
      OnnxGraph graph = OnnxGraph.read(map(arena));
      return open(graph, GraphEdits.of(graph), arena, graphs);
    } catch (IOException | ModelLoadException e) {
      throw new OrtException("cannot read " + artifact.file().getFileName() + ": " + e);
    }
  }

  @Override
  public void close(OrtSession session) {
    if (device.isGpu()) {
      closeOnGpu(session, CaptureLock.GPUS);
    } else {
      closeNow(session);
    }
  }

  /** One that cannot be closed, since its GPU hangs, is left behind. */
  static void closeOnGpu(OrtSession session, CaptureLock gpus) {
    Lock shared = gpus.shared();
    try {
      gpus.enter(shared);
    } catch (OrtException e) {
      log.error("a session is not closed: {}", Ort.message(e));
      return; // whoever closes it has something else to do, such as to go to the processor
    }
    try {
      closeNow(session);
    } finally {
      shared.unlock();
    }
  }

  private static void closeNow(OrtSession session) {
    try {
      session.close();
    } catch (OrtException e) {
      throw new IllegalStateException(Ort.message(e), e);
    }
  }

  /** Has a session created; the threads that ORT may start for it serve. */
  private OrtSession create(Callable<OrtSession> creation) throws OrtException {
    Lock lock = CaptureLock.GPUS.creation();
    if (device.isGpu()) {
      CaptureLock.GPUS.enter(lock);
    }
    long begin = System.nanoTime();
    try {
      OrtSession session =
          !engine.startsThreads(options.threads()) ? creation.call() : Niceness.asServing(creation);
      if (device.isGpu() && engine.usesTensorRt()) {
        log.info(
            "{} version {}: TensorRT engines after {} s",
            artifact.name(),
            artifact.version(),
            TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin));
      }
      return session;
    } catch (OrtException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("a session was not created", e);
    } finally {
      if (device.isGpu()) {
        lock.unlock();
      }
    }
  }
}
