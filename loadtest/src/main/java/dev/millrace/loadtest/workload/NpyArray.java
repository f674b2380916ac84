// SPDX-License-Identifier: Apache-2.0
package dev.millrace.loadtest.workload;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An array as numpy stores it (NEP 1, format versions 1 to 3), in row-major order.
 *
 * @param descr numpy's name of the element type, like {@code <f4}
 * @param data the elements as they stand in the file
 */
record NpyArray(String descr, List<Long> shape, ByteString data) {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

  /** Headers are some hundred bytes; longer ones belong to types that are not taken anyway. */
  private static final int MAX_HEADER_BYTES = 1 << 20;

  private static final Pattern DESCR = Pattern.compile("'descr'\\s*:\\s*'([^']*)'");
  private static final Pattern FORTRAN = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
  private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([0-9,\\s]*)\\)");

  NpyArray {
    shape = List.copyOf(shape);
  }

  /**
   * Reads an array.
   *
   * @param source names it in errors
   * @throws WorkloadException if it is not an array, or one of a kind that is not taken
   */
  static NpyArray read(String source, InputStream in) throws IOException {
    String header = header(source, in);
    Matcher descr = DESCR.matcher(header);
    Matcher fortran = FORTRAN.matcher(header);
    Matcher shape = SHAPE.matcher(header);
    if (!fortran.find() || !shape.find() || !header.contains("'descr'")) {
      throw new WorkloadException("%s: not a numpy array (header %s)".formatted(source, header));
    }
    if (!descr.find()) {
      throw new WorkloadException(
          "%s: an array of records (expected one of plain numbers)".formatted(source));
    }
    List<Long> dims = dims(source, shape.group(1));
    if (fortran.group(1).equals("True")) {
      throw new WorkloadException(
          "%s: in Fortran order (expected C order: save numpy.ascontiguousarray(...))"
              .formatted(source));
    }
    int itemBytes = NpyType.itemBytes(source, descr.group(1));
    long elements = Tensor.elements(dims);
    if (elements > Tensor.MAX_BYTES / itemBytes) {
      throw new WorkloadException(
          "%s: shape %s of '%s' (expected less than 2 GiB)"
              .formatted(source, Tensor.text(dims), descr.group(1)));
    }
    byte[] data = readFully(source, in, (int) elements * itemBytes);
    return new NpyArray(descr.group(1), dims, UnsafeByteOperations.unsafeWrap(data));
  }

  private static String header(String source, InputStream in) throws IOException {
    byte[] start = in.readNBytes(MAGIC.length + 2);
    for (int i = 0; i < MAGIC.length; i++) {
      if (start.length < MAGIC.length + 2 || start[i] != MAGIC[i]) {
        throw new WorkloadException("%s: not a numpy array".formatted(source));
      }
    }
    int version = start[MAGIC.length];
    if (version < 1 || version > 3) {
      throw new WorkloadException(
          "%s: numpy format version %d (expected 1 to 3)".formatted(source, version));
    }
    byte[] length = readFully(source, in, version == 1 ? 2 : 4);
    long bytes = 0;
    for (int i = length.length - 1; i >= 0; i--) {
      bytes = bytes << 8 | (length[i] & 0xff);
    }
    if (bytes > MAX_HEADER_BYTES) {
      throw new WorkloadException("%s: header of %d bytes".formatted(source, bytes));
    }
    return new String(readFully(source, in, (int) bytes), StandardCharsets.UTF_8).strip();
  }

  private static byte[] readFully(String source, InputStream in, int bytes) throws IOException {
    byte[] read = in.readNBytes(bytes);
    if (read.length < bytes) {
      throw new WorkloadException(
          "%s: ends after %d bytes (expected %d)".formatted(source, read.length, bytes));
    }
    return read;
  }

  private static List<Long> dims(String source, String text) {
    List<Long> dims = new ArrayList<>();
    for (String dim : text.split(",", -1)) {
      // the comma after the last one leaves an empty part
      if (!dim.isBlank()) {
        try {
          dims.add(Long.parseLong(dim.strip()));
        } catch (NumberFormatException e) {
          throw new WorkloadException("%s: shape (%s)".formatted(source, text), e);
        }
      }
    }
    return dims;
  }
}
