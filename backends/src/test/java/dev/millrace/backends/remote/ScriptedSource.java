// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import dev.millrace.backends.repository.ListedFile;
import dev.millrace.backends.repository.UnknownVersionException;
import dev.millrace.backends.repository.VersionSelector;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/** A registry in memory that fails as a test tells it to. */
final class ScriptedSource implements RemoteSource {
  private final Map<String, byte[]> contents = new ConcurrentSkipListMap<>();

  /** Every download: "name@offset". */
  final List<String> downloads = new CopyOnWriteArrayList<>();

  /** In place of a file's name: nothing is answered. */
  static final String QUESTIONS = "";

  /** How often something was asked that is not a download. */
  final AtomicInteger questions = new AtomicInteger();

  volatile boolean isReachable = true;

  private final RemoteStatistics statistics;

  /** A file's name: its downloads wait until this is counted down. */
  final Map<String, CountDownLatch> stalls = new ConcurrentHashMap<>();

  /** Bytes after which a connection breaks; -1 for never. */
  int breaksAfter = -1;

  /** Revisions do not show another content, as those of some registries. */
  boolean revisionsLie;

  ScriptedSource(LongSupplier nanoClock) {
    statistics = new RemoteStatistics(nanoClock);
  }

  void put(String name, byte[] content) {
    contents.put(name, content);
  }

  void remove(String name) {
    contents.remove(name);
  }

  @Override
  public String location() {
    return "scripted";
  }

  @Override
  public List<RemoteModel> list() throws IOException {
    questions.incrementAndGet();
    awaitEndOfStall(QUESTIONS);
    requireReachable();
    Map<String, List<ListedFile>> models = new TreeMap<>();
    contents.forEach(
        (name, content) -> {
          int slash = name.indexOf('/');
          models
              .computeIfAbsent(name.substring(0, slash), model -> new ArrayList<>())
              .add(listed(name.substring(slash + 1), content));
        });
    return models.entrySet().stream()
        .map(model -> new RemoteModel(model.getKey(), model.getValue()))
        .toList();
  }

  private ListedFile listed(String name, byte[] content) {
    String revision = revisionsLie ? "same" : Integer.toString(Arrays.hashCode(content));
    return new ListedFile(name, content.length, 0, revision);
  }

  @Override
  public Found find(String model, VersionSelector selector) throws IOException {
    RemoteModel found =
        list().stream()
            .filter(listed -> listed.name().equals(model))
            .findFirst()
            .orElseThrow(() -> new UnknownVersionException("no model " + model, false));
    return new Found(found, selector);
  }

  @Override
  public InputStream open(String model, ListedFile file, long offset) throws IOException {
    requireReachable();
    byte[] content = contents.get(model + "/" + file.name());
    if (content == null || !listed(file.name(), content).equals(file)) {
      throw new ChangedException(file.name() + " is another one now");
    }
    downloads.add(file.name() + "@" + offset);
    awaitEndOfStall(file.name());
    InputStream in = new ByteArrayInputStream(content);
    in.skipNBytes(offset);
    return breaksAfter < 0 ? in : new Breaking(in, breaksAfter);
  }

  private void awaitEndOfStall(String name) throws IOException {
    CountDownLatch end = stalls.get(name);
    if (end != null) {
      try {
        end.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted");
      }
    }
  }

  private void requireReachable() throws IOException {
    if (!isReachable) {
      statistics.notReached();
      throw new IOException("Connection refused");
    }
    statistics.reached();
  }

  @Override
  public RemoteStatistics statistics() {
    return statistics;
  }

  @Override
  public void close() {}

  /** A connection that is lost. */
  private static final class Breaking extends InputStream {
    private final InputStream in;
    private int left;

    Breaking(InputStream in, int left) {
      this.in = in;
      this.left = left;
    }

    @Override
    public int read() throws IOException {
      if (left-- == 0) {
        throw new IOException("Connection reset");
      }
      return in.read();
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      if (left == 0) {
        throw new IOException("Connection reset");
      }
      int read = in.read(buffer, offset, Math.min(length, left));
      left -= Math.max(0, read);
      return read;
    }
  }
}
