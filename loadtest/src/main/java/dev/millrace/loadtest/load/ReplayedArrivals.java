// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.load;

import dev.millrace.loadtest.workload.WorkloadException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;

/** Requests at the moments that a file gives. */
final class ReplayedArrivals implements ArrivalSpec {
  /** Half an hour at 10,000 a second; 160 MB of moments. */
  private static final int MAX_MOMENTS = 20_000_000;

  /** A year: moments beyond are milliseconds or nanoseconds by mistake. */
  private static final double MAX_SECONDS = 365 * 24 * 3600;

  private final long[] nanos;

  private ReplayedArrivals(long[] nanos) {
    this.nanos = nanos;
  }

  static ReplayedArrivals read(Path file) {
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      long[] nanos = read(file, reader);
      if (nanos.length == 0) {
        throw new WorkloadException("%s: no arrival times (expected one a line)".formatted(file));
      }
      return new ReplayedArrivals(nanos);
    } catch (NoSuchFileException e) {
      throw new WorkloadException("%s: no such file".formatted(file), e);
    } catch (CharacterCodingException e) {
      throw new WorkloadException("%s: not a text file".formatted(file), e);
    } catch (IOException e) {
      throw new WorkloadException("%s: cannot be read: %s".formatted(file, e.getMessage()), e);
    }
  }

  private static long[] read(Path file, BufferedReader reader) throws IOException {
    long[] nanos = new long[1024];
    int count = 0;
    int lineNumber = 0;
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      lineNumber++;
      int comment = line.indexOf('#');
      String text = (comment < 0 ? line : line.substring(0, comment)).strip();
      if (text.isEmpty()) {
        continue;
      }
      if (count == MAX_MOMENTS) {
        throw new WorkloadException("%s: more than %d arrival times".formatted(file, MAX_MOMENTS));
      }
      if (count == nanos.length) {
        nanos = Arrays.copyOf(nanos, Math.min(MAX_MOMENTS, 2 * count));
      }
      long moment = moment(file, lineNumber, text);
      if (count > 0 && moment < nanos[count - 1]) {
        throw new WorkloadException(
            "%s:%d: %s (expected not before the moment above, %s)"
                .formatted(file, lineNumber, text, nanos[count - 1] / 1e9));
      }
      nanos[count++] = moment;
    }
    return Arrays.copyOf(nanos, count);
  }

  private static long moment(Path file, int lineNumber, String text) {
    double seconds;
    try {
      seconds = Double.parseDouble(text);
    } catch (NumberFormatException e) {
      seconds = Double.NaN;
    }
    if (!(seconds >= 0 && seconds <= MAX_SECONDS)) {
      throw new WorkloadException(
          "%s:%d: '%s' (expected seconds since the start, 0 or more)"
              .formatted(file, lineNumber, text));
    }
    return Math.round(seconds * 1e9);
  }

  @Override
  public ArrivalSchedule schedule(long seed) {
    return new Schedule(nanos);
  }

  @Override
  public double seconds() {
    return nanos[nanos.length - 1] / 1e9;
  }

  @Override
  public double requests() {
    return nanos.length;
  }

  private static final class Schedule implements ArrivalSchedule {
    private final long[] nanos;
    private int next;

    Schedule(long[] nanos) {
      this.nanos = nanos;
    }

    @Override
    public long nextNanos() {
      return next < nanos.length ? nanos[next++] : END;
    }
  }
}
