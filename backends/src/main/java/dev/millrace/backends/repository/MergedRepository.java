// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import dev.millrace.backends.repository.Question.Answer;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Several repositories as one. A model that two of them hold is served from neither: which one was
 * meant is not ours to guess. While one cannot be read, what it held when it last could stays.
 */
public final class MergedRepository implements ModelRepository {
  /** Longer than any registry on another machine takes to answer, or not to. */
  private static final Duration LIST_WAIT = Duration.ofSeconds(15);

  private final Duration listWait;
  private final List<MergedMember> members;
  private final List<MergedMember> all;

  /** Those that were resolved and not fetched yet are few; the oldest are forgotten. */
  private static final int RESOLVED_KEPT = 10_000;

  /** Where versions were found that were resolved, by what {@link #key} says. */
  private final Map<String, ModelRepository> resolved =
      Collections.synchronizedMap(
          new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, ModelRepository> eldest) {
              return size() > RESOLVED_KEPT;
            }
          });

  /** Where each fetched file came from. */
  private final Map<Path, Origin> origins = new ConcurrentHashMap<>();

  /** Takes over the repositories: closing this one closes them. */
  public MergedRepository(List<? extends ModelRepository> repositories) {
    this(repositories, List.of());
  }

  /**
   * Takes over the repositories: closing this one closes them.
   *
   * @param unlisted repositories whose models are found by their names only
   */
  public MergedRepository(
      List<? extends ModelRepository> repositories, List<? extends ModelRepository> unlisted) {
    this(repositories, unlisted, LIST_WAIT);
  }

  MergedRepository(
      List<? extends ModelRepository> repositories,
      List<? extends ModelRepository> unlisted,
      Duration listWait) {
    this.listWait = listWait;
    this.members = repositories.stream().map(MergedMember::new).toList();
    this.all = Stream.concat(members.stream(), unlisted.stream().map(MergedMember::new)).toList();
  }

  @Override
  public String location() {
    return all.stream()
        .map(member -> member.repository().location())
        .collect(Collectors.joining(", "));
  }

  /**
   * {@inheritDoc}
   *
   * @throws IOException if not one of the repositories can be read
   */
  @Override
  public List<ModelEntry> list() throws IOException {
    List<IOException> failures = refresh();
    if (!failures.isEmpty() && failures.size() == members.size()) {
      IOException first = failures.getFirst();
      IOException failure = new IOException(first.getMessage(), first);
      failures.stream().skip(1).forEach(failure::addSuppressed);
      throw failure;
    }
    Map<String, ModelEntry> merged = new TreeMap<>();
    for (String name : names()) {
      List<MergedMember> holders = members.stream().filter(member -> member.holds(name)).toList();
      merged.put(name, holders.size() == 1 ? holders.getFirst().entry(name) : clash(name, holders));
    }
    return List.copyOf(merged.values());
  }

  /** All at once; one that does not answer in time holds the others up no longer. */
  private List<IOException> refresh() throws IOException {
    CompletableFuture<?>[] listings =
        members.stream().map(MergedMember::refresh).toArray(CompletableFuture[]::new);
    try {
      CompletableFuture.allOf(listings).get(listWait.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      members.forEach(
          member -> member.noteSilence("no answer within %d s".formatted(listWait.toSeconds())));
    } catch (ExecutionException e) {
      throw new IllegalStateException("a listing failed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
    return members.stream().flatMap(member -> member.failure().stream()).toList();
  }

  private List<String> names() {
    return members.stream()
        .flatMap(member -> member.entries().keySet().stream())
        .distinct()
        .toList();
  }

  private static ModelEntry clash(String name, List<MergedMember> holders) {
    String places =
        holders.stream()
            .map(member -> member.repository().location())
            .collect(Collectors.joining(" and "));
    return new ModelEntry(
        name,
        ModelManifest.DEFAULT,
        List.of(),
        Optional.of("in more than one repository: " + places + " (expected one)"));
  }

  /**
   * {@inheritDoc} All are asked at once. While one of them cannot be read, the others answer; once
   * one has found the model, those that are silent are waited for only a moment longer.
   */
  @Override
  public ModelEntry resolve(String name, VersionSelector selector) throws IOException {
    Map<ModelRepository, ModelEntry> found = new HashMap<>();
    List<IOException> failures = new ArrayList<>();
    List<UnknownVersionException> unknown = new ArrayList<>();
    List<ModelRepository> asked = all.stream().map(MergedMember::repository).toList();
    for (Answer answer : new Question(name, selector).ask(asked)) {
      switch (answer) {
        case Answer.Found there -> found.put(there.repository(), there.entry());
        case Answer.Unknown not -> unknown.add(not.failure());
        case Answer.Failed not -> failures.add(not.failure());
        case Answer.Broken not ->
            throw new IllegalStateException("a look for model '" + name + "' failed", not.cause());
      }
    }
    if (found.size() > 1) {
      return clash(name, all.stream().filter(m -> found.containsKey(m.repository())).toList());
    }
    if (found.isEmpty()) {
      throw failures.isEmpty() ? tellingMost(unknown) : failures.getFirst();
    }
    found.forEach(
        (repository, entry) ->
            entry.versions().forEach(version -> resolved.put(key(entry, version), repository)));
    return found.values().iterator().next();
  }

  @Override
  public ModelArtifact fetch(ModelEntry entry, ModelVersion version) throws IOException {
    ModelRepository found = resolved.get(key(entry, version));
    ModelRepository repository = found == null ? holder(entry.name()) : found;
    ModelArtifact artifact = repository.fetch(entry, version);
    origins.merge(artifact.file(), new Origin(repository, 1), (old, one) -> old.plus(1));
    return artifact;
  }

  /** Of a repository that has the model in other versions, if there is one. */
  private static UnknownVersionException tellingMost(List<UnknownVersionException> unknown) {
    return unknown.stream()
        .filter(UnknownVersionException::isModelKnown)
        .findFirst()
        .orElse(unknown.getFirst());
  }

  /** A fingerprint is of the files themselves: no two repositories have the same. */
  private static String key(ModelEntry entry, ModelVersion version) {
    return entry.name() + "/" + version.number() + "/" + version.fingerprint();
  }

  private ModelRepository holder(String name) throws IOException {
    List<MergedMember> holders = members.stream().filter(member -> member.holds(name)).toList();
    if (holders.size() != 1) {
      throw new IOException(
          "model '" + name + "' is in " + holders.size() + " repositories (expected one)");
    }
    return holders.getFirst().repository();
  }

  @Override
  public void release(ModelArtifact artifact) {
    // several versions may drain at once
    origins.computeIfPresent(
        artifact.file(),
        (file, origin) -> {
          origin.repository.release(artifact);
          return origin.uses == 1 ? null : origin.plus(-1);
        });
  }

  @Override
  public void close() {
    all.forEach(member -> member.repository().close());
  }

  /**
   * Where a fetched file came from.
   *
   * @param uses a file used where it lies may be in use by an old and a new served version
   */
  private record Origin(ModelRepository repository, int uses) {
    Origin plus(int more) {
      return new Origin(repository, uses + more);
    }
  }
}
