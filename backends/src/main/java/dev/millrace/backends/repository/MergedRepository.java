// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Several repositories as one. A model that two of them hold is served from neither: which one was
 * meant is not ours to guess. While one cannot be read, what it held when it last could stays.
 */
public final class MergedRepository implements ModelRepository {
  private static final Logger log = LoggerFactory.getLogger(MergedRepository.class);

  private final List<Member> members;
  private final List<Member> all;

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
    this.members = repositories.stream().map(Member::new).toList();
    this.all = Stream.concat(members.stream(), unlisted.stream().map(Member::new)).toList();
  }

  @Override
  public String location() {
    return all.stream()
        .map(member -> member.repository.location())
        .collect(Collectors.joining(", "));
  }

  /**
   * {@inheritDoc}
   *
   * @throws IOException if not one of the repositories can be read
   */
  @Override
  public List<ModelEntry> list() throws IOException {
    List<IOException> failures = new ArrayList<>();
    for (Member member : members) {
      member.refresh().ifPresent(failures::add);
    }
    if (!failures.isEmpty() && failures.size() == members.size()) {
      IOException first = failures.getFirst();
      IOException failure = new IOException(first.getMessage(), first);
      failures.stream().skip(1).forEach(failure::addSuppressed);
      throw failure;
    }
    Map<String, ModelEntry> merged = new TreeMap<>();
    for (String name : names()) {
      List<Member> holders = members.stream().filter(member -> member.holds(name)).toList();
      merged.put(name, holders.size() == 1 ? holders.getFirst().entry(name) : clash(name, holders));
    }
    return List.copyOf(merged.values());
  }

  private List<String> names() {
    return members.stream().flatMap(member -> member.entries.keySet().stream()).distinct().toList();
  }

  private static ModelEntry clash(String name, List<Member> holders) {
    String places =
        holders.stream()
            .map(member -> member.repository.location())
            .collect(Collectors.joining(" and "));
    return new ModelEntry(
        name,
        ModelManifest.DEFAULT,
        List.of(),
        Optional.of("in more than one repository: " + places + " (expected one)"));
  }

  /** {@inheritDoc} While one of the repositories cannot be read, the others are asked. */
  @Override
  public ModelEntry resolve(String name, VersionSelector selector) throws IOException {
    Map<ModelRepository, ModelEntry> found = new HashMap<>();
    List<IOException> failures = new ArrayList<>();
    List<UnknownVersionException> unknown = new ArrayList<>();
    for (Member member : all) {
      try {
        found.put(member.repository, member.repository.resolve(name, selector));
      } catch (UnknownVersionException e) {
        unknown.add(e);
      } catch (IOException e) {
        failures.add(e);
      }
    }
    if (found.size() > 1) {
      return clash(name, all.stream().filter(m -> found.containsKey(m.repository)).toList());
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
    List<Member> holders = members.stream().filter(member -> member.holds(name)).toList();
    if (holders.size() != 1) {
      throw new IOException(
          "model '" + name + "' is in " + holders.size() + " repositories (expected one)");
    }
    return holders.getFirst().repository;
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
    all.forEach(member -> member.repository.close());
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

  /** One of the repositories, and what it held when it could last be read. */
  private static final class Member {
    final ModelRepository repository;
    volatile Map<String, ModelEntry> entries = Map.of();
    private String lastFailure = "";

    Member(ModelRepository repository) {
      this.repository = repository;
    }

    Optional<IOException> refresh() {
      try {
        Map<String, ModelEntry> listed = new HashMap<>();
        for (ModelEntry entry : repository.list()) {
          listed.put(entry.name(), entry);
        }
        entries = listed;
        lastFailure = "";
        return Optional.empty();
      } catch (IOException e) {
        if (!lastFailure.equals(e.toString())) { // once, not at every listing
          lastFailure = e.toString();
          log.warn("repository {} cannot be read: {}", repository.location(), lastFailure);
        }
        return Optional.of(e);
      }
    }

    boolean holds(String name) {
      return entries.containsKey(name);
    }

    ModelEntry entry(String name) {
      return Objects.requireNonNull(entries.get(name));
    }
  }
}
