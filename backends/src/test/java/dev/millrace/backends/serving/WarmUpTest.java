// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.millrace.backends.device.Device;
import dev.millrace.backends.device.DeviceStatus;
import dev.millrace.backends.device.EngineDevices;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.ModelSignature;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.batching.Fairness;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model takes INT32 [-1], in batches of up to 8 rows. */
final class WarmUpTest {
  @TempDir private Path folder;
  private final ScriptedBackend backend = new ScriptedBackend();
  private final Map<String, Path> samples = new TreeMap<>();

  /** Stands still: there is always time for more. */
  private final AtomicLong now = new AtomicLong();

  @AfterEach
  void everythingIsFreed() {
    assertThat(backend.openRunners).hasValue(0);
    assertThat(backend.openModels).hasValue(0);
  }

  private void sample(String name, String values) throws IOException {
    String json = "{\"inputs\": [{\"name\": \"x\", \"data\": %s}]}".formatted(values);
    samples.put(name, Files.writeString(folder.resolve(name), json));
  }

  private ServedVersion load(int replicas) throws Exception {
    ModelManifest manifest = ListedRepository.MANIFEST.withReplicas(replicas);
    return new Loader(
            Map.of(ScriptedBackend.NAME, backend),
            Inlining.OFF,
            Fairness.NONE,
            new Janitor(RunLimits.DEFAULT, System::nanoTime),
            now::get)
        .load(new ModelArtifact("m", 1, Path.of("nowhere"), 0, samples), manifest, () -> {});
  }

  @Test
  void whatBatchesTakeOnAGpuIsMeasuredWhenItsReplicasAreReady() throws Exception {
    backend.devices =
        Optional.of(
            new EngineDevices(
                "scripted", "here", List.of(DeviceStatus.usable(Device.gpu(0), "CUDA", ""))));
    AtomicLong runNanos = new AtomicLong(TimeUnit.MILLISECONDS.toNanos(10));
    backend.script =
        values -> {
          now.addAndGet(runNanos.get());
          return values;
        };
    backend.attaching = () -> runNanos.set(TimeUnit.MICROSECONDS.toNanos(100));

    ServedVersion served = load(2);

    assertThat(served.acquire()).isTrue();
    RecordedTask task = RecordedTask.of(served, Long.MAX_VALUE, 1);
    assertThat(served.expectedRunNanos(task.rowSize(), 1))
        .isBetween(1L, TimeUnit.MILLISECONDS.toNanos(1));
    served.release();
    served.close(TimeUnit.SECONDS.toNanos(10));
  }

  private void loadAndClose(int replicas) throws Exception {
    load(replicas).close(TimeUnit.SECONDS.toNanos(10));
  }

  private List<Integer> sizes() {
    return backend.batches.stream().map(List::size).distinct().toList();
  }

  private void fails(int value) {
    backend.script =
        values -> {
          if (values.contains(value)) {
            throw new ModelRunException("no " + value + " for me", null);
          }
          return values;
        };
  }

  @Test
  void aSampleOfOneRowFillsEveryBatchSizeOnEveryReplica() throws Exception {
    sample("one.json", "[7]");

    loadAndClose(2);

    assertThat(sizes()).containsExactly(1, 2, 4, 8);
    assertThat(backend.batches).allMatch(batch -> batch.stream().allMatch(value -> value == 7));
    assertThat(Collections.frequency(backend.batches, Collections.nCopies(8, 7))).isEqualTo(6);
  }

  @Test
  void aSampleOfSeveralRowsIsRunAsItIs() throws Exception {
    sample("three.json", "[1, 2, 3]");

    loadAndClose(1);

    assertThat(backend.batches).contains(List.of(1, 2, 3), List.of(1, 2, 3, 1, 2, 3));
    assertThat(sizes()).containsExactly(3, 6);
  }

  @Test
  void everySampleIsRunHoweverLittleTimeThereIs() throws Exception {
    sample("a.json", "[1]");
    sample("b.json", "[2]");
    sample("c.json", "[3]");
    backend.script =
        values -> {
          now.addAndGet(TimeUnit.SECONDS.toNanos(1));
          return values;
        };

    loadAndClose(1);

    assertThat(backend.batches).contains(List.of(1), List.of(2), List.of(3));
    assertThat(sizes()).containsExactly(1);
  }

  @Test
  void aModelThatFailsOnASampleIsNotLoaded() throws Exception {
    sample("good.json", "[1]");
    sample("poison.json", "[13]");
    fails(13);

    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> load(2))
        .withMessage("the model fails on warmup/poison.json: no 13 for me");
  }

  @Test
  void aModelThatFailsOnABatchOfSamplesIsNotLoaded() throws Exception {
    sample("good.json", "[1]");
    backend.script =
        values -> {
          if (values.size() > 4) {
            throw new ModelRunException("too many", null);
          }
          return values;
        };

    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> load(1))
        .withMessage("the model fails on warmup/good.json, 8 of it together: too many");
  }

  @Test
  void aSampleThatDoesNotFitIsNotRun() throws Exception {
    sample("bad.json", "[[1]]");

    assertThatExceptionOfType(ModelLoadException.class)
        .isThrownBy(() -> load(1))
        .withMessage("warmup/bad.json: input 'x': shape [1,1] (expected [-1])");
    assertThat(backend.batches).isEmpty();
  }

  @Test
  void aModelThatDoesNotLikeZerosServesAllTheSame() throws Exception {
    fails(0);

    loadAndClose(1);

    assertThat(backend.batches).containsExactly(List.of(0));
  }

  @Test
  void zerosFillEveryBatchSizeWhereThereIsNoSample() throws Exception {
    loadAndClose(1);

    assertThat(sizes()).containsExactly(1, 2, 4, 8);
  }

  @Test
  void openSizesAreTriedWhereThereIsNoSample() throws Exception {
    backend.signature =
        signature ->
            new ModelSignature(
                signature.inputs(),
                signature.outputs(),
                new ModelSignature.Batching.Unbatched("told so"));

    loadAndClose(1);

    assertThat(sizes()).containsExactly(8, 1, 64);
  }

  @Test
  void oneOpenSizeThatFailsLeavesTheOthers() throws Exception {
    backend.signature =
        signature ->
            new ModelSignature(
                signature.inputs(),
                signature.outputs(),
                new ModelSignature.Batching.Unbatched("told so"));
    backend.script =
        values -> {
          if (values.size() == 8) {
            throw new ModelRunException("not of that size", null);
          }
          return values;
        };

    loadAndClose(1);

    assertThat(backend.batches).hasSize(1 + 3 + 3);
  }

  @Test
  void aFurtherReplicaIsWarmedUpWithSamplesToo() throws Exception {
    sample("one.json", "[7]");
    ServedVersion served = load(1);
    backend.batches.clear();

    served.scaleTo(2);
    served.close(TimeUnit.SECONDS.toNanos(10));

    assertThat(backend.batches).contains(List.of(7), Collections.nCopies(8, 7));
  }
}
