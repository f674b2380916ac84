// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.baseline;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The baseline of the engine: a loop over {@code OrtSession.run} with inputs and outputs
 * preallocated, one thread. For models of FP32 and INT64 tensors whose first axis is the batch.
 *
 * <pre>
 * BareOrt MODEL.onnx [LENGTH]   a table of batches of 1 to 128 rows; LENGTH of other open axes
 * BareOrt MODEL.onnx --ask      for each line ROWS LENGTH MILLIS on standard input, an {@link OrtRun}
 * </pre>
 */
public final class BareOrt {
  private static final int MAX_ROWS = 128;
  private static final long MILLIS = 1000;

  /** A batch of more inputs says nothing new, and might not fit into memory. */
  private static final long MAX_BATCH_BYTES = 64 << 20;

  private BareOrt() {}

  public static void main(String[] args) throws OrtException, IOException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      options.setInterOpNumThreads(1);
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      try (OrtSession session = environment.createSession(args[0], options)) {
        if (args.length > 1 && args[1].equals("--ask")) {
          answer(environment, session);
        } else {
          table(environment, session, args.length > 1 ? Integer.parseInt(args[1]) : 1);
        }
      }
    }
  }

  private static void answer(OrtEnvironment environment, OrtSession session)
      throws OrtException, IOException {
    BufferedReader questions =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = questions.readLine(); line != null; line = questions.readLine()) {
      String[] words = line.strip().split(" ", -1);
      int rows = Integer.parseInt(words[0]);
      try (OrtBatch batch =
          OrtBatch.create(environment, session, rows, Integer.parseInt(words[1]))) {
        System.out.println(batch.measure(Long.parseLong(words[2])).line());
      }
    }
  }

  private static void table(OrtEnvironment environment, OrtSession session, int length)
      throws OrtException {
    System.out.println("| rows | rows/s | us/run |");
    System.out.println("|---:|---:|---:|");
    for (int rows = 1; rows <= MAX_ROWS; rows *= 2) {
      if (OrtBatch.inputBytes(session, rows, length) > MAX_BATCH_BYTES) {
        break;
      }
      try (OrtBatch batch = OrtBatch.create(environment, session, rows, length)) {
        OrtRun run = batch.measure(MILLIS);
        System.out.printf(
            Locale.ROOT, "| %d | %.0f | %.1f |%n", rows, run.rowsPerSecond(), run.microsPerRun());
      }
    }
  }
}
