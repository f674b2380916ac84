// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.backends.model.InferException;
import dev.millrace.backends.model.LoadedModel;
import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.model.ModelRunException;
import dev.millrace.backends.model.OutputTensor;
import dev.millrace.backends.model.Runner;
import dev.millrace.backends.model.TestInputs;
import dev.millrace.backends.onnx.OnnxBackend;
import dev.millrace.backends.onnx.OnnxModels;
import dev.millrace.backends.tensor.DataType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/**
 * The outputs of a run, where ONNX Runtime's runner has them, into an answer for each row. Time of
 * the whole batch.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ScatterBenchmark {
  @Param({"1", "32"})
  private int requests;

  @Param({"64", "602112"})
  private int tensorBytes;

  private LoadedModel model;
  private Runner runner;
  private ResponseTemplate template;
  private OutputTensor[] outputs;

  @Setup
  public void run() throws IOException, ModelLoadException, ModelRunException {
    int floats = tensorBytes / Float.BYTES;
    Path file = Files.createTempFile("identity", ".onnx");
    try {
      Files.write(file, OnnxModels.identity(DataType.FP32, "n", floats));
      model =
          new OnnxBackend()
              .load(new ModelArtifact("identity", 1, file), TestInputs.options(requests));
    } finally {
      Files.delete(file);
    }
    runner = model.newRunner();
    template = new ResponseTemplate("identity", "1", model.signature().outputs());
    outputs =
        runner.run(
            List.of(TestInputs.floats(requests, floats, new float[requests * floats])), requests);
  }

  @TearDown
  public void close() {
    runner.close();
    model.close();
  }

  @Benchmark
  public void scatter(Blackhole answers) throws InferException {
    for (int row = 0; row < requests; row++) {
      answers.consume(InferResponseEncoder.encodeRows(template, "", outputs, null, row, 1));
    }
  }
}
