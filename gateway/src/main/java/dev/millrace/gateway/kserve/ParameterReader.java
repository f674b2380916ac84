// SPDX-License-Identifier: Apache-2.0
package dev.millrace.gateway.kserve;

import dev.millrace.gateway.kserve.Parameter.Kind;

/**
 * Reads the entries of a {@code map<string, InferParameter>}. One object is used for all entries of
 * all messages of a thread: it holds the entry read last.
 */
final class ParameterReader {
  private static final int ENTRY_KEY = 10;
  private static final int ENTRY_VALUE = 18;
  private static final int BOOL_PARAM = 8;
  private static final int INT64_PARAM = 16;
  private static final int STRING_PARAM = 26;
  private static final int DOUBLE_PARAM = 33;
  private static final int UINT64_PARAM = 40;

  private String name = "";
  private Kind kind = Kind.NONE;
  private long bits;
  private String text = "";

  /**
   * Reads an entry with its length before it.
   *
   * @param depth levels of messages around the map
   */
  void read(WireReader in, int depth) throws MalformedException {
    name = "";
    set(Kind.NONE, 0);
    int outer = in.pushLimit(in.varint32());
    for (int tag = in.tag(); tag != 0; tag = in.tag()) {
      switch (tag) {
        case ENTRY_KEY -> name = in.text().text();
        case ENTRY_VALUE -> readValue(in, depth + 1);
        default -> in.skipField(tag, depth + 1);
      }
    }
    in.popLimit(outer);
  }

  private void readValue(WireReader in, int depth) throws MalformedException {
    int outer = in.pushLimit(in.varint32());
    for (int tag = in.tag(); tag != 0; tag = in.tag()) {
      switch (tag) {
        case BOOL_PARAM -> set(Kind.BOOL, in.varint64() != 0 ? 1 : 0);
        case INT64_PARAM -> set(Kind.INT64, in.varint64());
        case STRING_PARAM -> {
          set(Kind.STRING, 0);
          text = in.uniqueText();
        }
        case DOUBLE_PARAM -> set(Kind.DOUBLE, in.fixed64());
        case UINT64_PARAM -> set(Kind.UINT64, in.varint64());
        default -> in.skipField(tag, depth + 1);
      }
    }
    in.popLimit(outer);
  }

  private void set(Kind newKind, long newBits) {
    kind = newKind;
    bits = newBits;
    text = "";
  }

  String name() {
    return name;
  }

  Parameter toParameter() {
    return new Parameter(name, kind, bits, text);
  }
}
