// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One of several repositories, and what it held when it could last be read. Listed on threads of
 * its own, one at a time; one thread asks for that.
 */
final class MergedMember {
  private static final Logger log = LoggerFactory.getLogger(MergedMember.class);

  private final ModelRepository repository;
  private CompletableFuture<Void> listing = CompletableFuture.completedFuture(null);
  private volatile Map<String, ModelEntry> entries = Map.of();
  private volatile Optional<IOException> failure = Optional.empty();

  MergedMember(ModelRepository repository) {
    this.repository = repository;
  }

  ModelRepository repository() {
    return repository;
  }

  Map<String, ModelEntry> entries() {
    return entries;
  }

  boolean holds(String name) {
    return entries.containsKey(name);
  }

  ModelEntry entry(String name) {
    return Objects.requireNonNull(entries.get(name));
  }

  /** Why it could not be read when that was last tried; empty if it could. */
  Optional<IOException> failure() {
    return failure;
  }

  /** Begins to list it. A listing that goes on already is not waited for: it is overdue. */
  CompletableFuture<Void> refresh() {
    if (!listing.isDone()) {
      return CompletableFuture.completedFuture(null);
    }
    CompletableFuture<Void> begun = new CompletableFuture<>();
    listing = begun;
    Thread.ofVirtual()
        .name("list-" + repository.location())
        .start(
            () -> {
              try {
                list();
                begun.complete(null);
              } catch (RuntimeException | Error e) {
                begun.completeExceptionally(e);
              }
            });
    return begun;
  }

  private void list() {
    try {
      Map<String, ModelEntry> listed = new HashMap<>();
      for (ModelEntry entry : repository.list()) {
        listed.put(entry.name(), entry);
      }
      entries = listed;
      failure = Optional.empty();
    } catch (IOException e) {
      note(e);
    }
  }

  /** If its listing still goes on, it has not answered. */
  void noteSilence(String reason) {
    if (!listing.isDone()) {
      note(new IOException("%s: %s".formatted(repository.location(), reason)));
    }
  }

  private void note(IOException e) {
    boolean isKnown = failure.filter(before -> before.toString().equals(e.toString())).isPresent();
    failure = Optional.of(e);
    if (!isKnown) { // once, not at every listing
      log.warn("repository {} cannot be read: {}", repository.location(), e.toString());
    }
  }
}
