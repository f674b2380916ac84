// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.deployment.DeploymentSpec;
import dev.millrace.backends.deployment.Traffic;
import dev.millrace.backends.model.Failure;
import dev.millrace.backends.model.InferException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The routes: which served version answers for a model's name and version.
 *
 * <p>Read by every request through one volatile immutable map; replaced whole by the control
 * thread.
 */
public final class Routes {
  /** The header of a call that says which version of a deployment is to answer it. */
  public static final String VERSION_HEADER = "x-millrace-version";

  /**
   * Whose values stay with one version; empty for none.
   *
   * @param parameter of a request
   * @param header of its call
   */
  record Sticky(String parameter, String header) {
    static final Sticky NONE = new Sticky("", "");

    static Sticky of(DeploymentSpec spec) {
      return new Sticky(spec.stickyParameter(), spec.stickyHeader());
    }

    @Nullable String valueOf(Caller caller) {
      if (!parameter.isEmpty()) {
        return caller.value(parameter);
      }
      return header.isEmpty() ? null : caller.header(header);
    }
  }

  /**
   * What serves under one name.
   *
   * @param ready by version; never empty
   * @param traffic who answers those that name no version; none for the latest
   */
  record Route(NavigableMap<Long, ServedVersion> ready, Traffic traffic, Sticky sticky) {
    /** Whether a deployment says what answers; else the header is not asked for. */
    boolean isDeployed() {
      return !traffic.isEmpty();
    }

    /** For a request that names no version. */
    ServedVersion choose(Caller caller) {
      if (traffic.isEmpty()) {
        return latest();
      }
      long version =
          traffic.shares().size() == 1
              ? traffic.shares().getFirst().version()
              : traffic.at(point(caller));
      ServedVersion chosen = ready.get(version);
      return chosen == null ? latest() : chosen;
    }

    private int point(Caller caller) {
      String value = sticky.valueOf(caller);
      return value == null ? ThreadLocalRandom.current().nextInt(Traffic.POINTS) : pointOf(value);
    }

    /** The highest version of those that get something, or that are ready at all. */
    ServedVersion latest() {
      for (long version : traffic.versions().reversed()) {
        ServedVersion served = ready.get(version);
        if (served != null) {
          return served;
        }
      }
      return ready.lastEntry().getValue();
    }
  }

  /**
   * Everything that was published together.
   *
   * @param dormant names of models that do not serve, and will if they are called
   */
  private record Table(
      Map<String, Route> routes, List<ModelStatus> statuses, Set<String> dormant) {}

  /** What of a request may decide which version answers it. */
  public interface Caller {
    Caller ANYBODY =
        new Caller() {
          @Override
          public @Nullable String value(String parameter) {
            return null;
          }

          @Override
          public @Nullable String header(String name) {
            return null;
          }
        };

    /** The value of a parameter as text; null if it was not given. */
    @Nullable String value(String parameter);

    /** The value of a header of its call, by its name in lower case; null if it was not given. */
    @Nullable String header(String name);
  }

  /**
   * Spread evenly, and the same on every gateway and after every restart: 32 bits of FNV-1a, mixed
   * as MurmurHash3 does at its end, since short texts leave the high bits nearly alone.
   */
  private static int pointOf(String value) {
    int hash = 0x811c9dc5;
    for (byte b : value.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * 0x01000193;
    }
    hash = (hash ^ (hash >>> 16)) * 0x85ebca6b;
    hash = (hash ^ (hash >>> 13)) * 0xc2b2ae35;
    hash ^= hash >>> 16;
    return (int) (((hash & 0xffffffffL) * Traffic.POINTS) >>> 32);
  }

  private final Runnable onChange;
  private volatile Table table = new Table(Map.of(), List.of(), Set.of());
  private volatile Consumer<String> onCall = name -> {};
  private volatile Set<String> awaited = Set.of();
  private volatile boolean listed;
  private volatile boolean closed;

  /**
   * @param onChange called after each change of routes or states, on the thread that changed them
   */
  public Routes(Runnable onChange) {
    this.onChange = onChange;
  }

  void publish(
      Map<String, Route> newRoutes, List<ModelStatus> newStatuses, Set<String> newDormant) {
    table = new Table(Map.copyOf(newRoutes), List.copyOf(newStatuses), Set.copyOf(newDormant));
    onChange.run();
  }

  /** Sets who is told that a model is called which is not loaded until then. */
  void onCall(Consumer<String> listener) {
    onCall = listener;
  }

  /** Whether a model does not serve now, and will if it is called. */
  public boolean isDormant(String name) {
    Set<String> now = table.dormant(); // nearly always empty
    return !now.isEmpty() && now.contains(name) && !closed;
  }

  /** Has a model be loaded that is not until it is called; returns at once. */
  public void wake(String name) {
    onCall.accept(name);
  }

  /** The repositories have been read and every model in them tried once. */
  void firstPassDone() {
    if (!listed) {
      // what sleeps, or is not to be loaded yet, holds nothing up
      awaited =
          table.statuses().stream()
              .filter(ModelStatus::required)
              .map(ModelStatus::name)
              .collect(Collectors.toUnmodifiableSet());
      listed = true;
    }
    onChange.run();
  }

  /** Refuses every request from now on. */
  public void refuseAll() {
    closed = true;
    onChange.run();
  }

  /**
   * Leases the served version that answers for a model.
   *
   * @param version decimal text; empty for whichever the traffic of the name says
   * @param caller asked if that is several
   * @return leased: to be released by the caller, or by the task that it is given to
   * @throws InferException NOT_FOUND, NOT_READY (also for any model until the repositories have
   *     been read once), INVALID (version) or SHUTTING_DOWN
   */
  public ServedVersion acquire(String name, String version, Caller caller) throws InferException {
    while (true) {
      ServedVersion served = find(name, version, caller);
      if (served.acquire()) {
        return served;
      }
      // it was closed since the routes were read; its routes were replaced before that
      Thread.onSpinWait();
    }
  }

  /**
   * The served version that answers for a model, without a lease: for its description only.
   *
   * @throws InferException as {@link #acquire}
   */
  public ServedVersion find(String name, String version) throws InferException {
    return find(name, version, null);
  }

  private ServedVersion find(String name, String version, @Nullable Caller caller)
      throws InferException {
    if (closed) {
      throw new InferException(
          new Failure(Failure.Kind.SHUTTING_DOWN, "the gateway is shutting down"));
    }
    Route route = table.routes().get(name);
    if (version.isEmpty()) {
      if (route != null) {
        return caller == null ? route.latest() : choose(name, route, caller);
      }
      throw missing(name, Optional.empty());
    }
    return exactly(name, route, parseVersion("model_version", version));
  }

  private ServedVersion choose(String name, Route route, Caller caller) throws InferException {
    String wanted = route.isDeployed() ? caller.header(VERSION_HEADER) : null;
    return wanted == null
        ? route.choose(caller)
        : exactly(name, route, parseVersion(VERSION_HEADER, wanted));
  }

  private ServedVersion exactly(String name, @Nullable Route route, long number)
      throws InferException {
    ServedVersion served = route == null ? null : route.ready().get(number);
    if (served == null) {
      throw missing(name, Optional.of(number));
    }
    return served;
  }

  /** Versions of a model that serve, ascending; empty if none does. */
  public List<ServedVersion> ready(String name) {
    Route route = table.routes().get(name);
    return route == null ? List.of() : List.copyOf(route.ready().values());
  }

  /** Who answers those that name no version; none if nothing serves, or if no deployment says. */
  public Traffic traffic(String name) {
    Route route = table.routes().get(name);
    return route == null ? Traffic.NONE : route.traffic();
  }

  /** How many models serve, in whatever versions. */
  int readyModels() {
    return table.routes().size();
  }

  /** Everything that serves. */
  public List<ServedVersion> ready() {
    return table.routes().values().stream()
        .map(Route::ready)
        .map(Map::values)
        .flatMap(Collection::stream)
        .toList();
  }

  /** Every model version that is known, in whatever state, by name and version. */
  public List<ModelStatus> statuses() {
    return table.statuses();
  }

  /**
   * Whether every required model that was there at the start serves: false until the repositories
   * have been read. A model that is added later says nothing about those that serve: while it is
   * loaded, or if it cannot be, the gateway stays ready.
   */
  public boolean isReady() {
    if (closed || !listed) {
      return false;
    }
    Table now = table;
    return now.statuses().stream()
        .filter(status -> status.required() && awaited.contains(status.name()))
        .allMatch(
            status ->
                now.routes().containsKey(status.name()) || now.dormant().contains(status.name()));
  }

  private InferException missing(String name, Optional<Long> version) {
    List<ModelStatus> known = table.statuses().stream().filter(s -> s.name().equals(name)).toList();
    if (known.isEmpty() && !listed) {
      return new InferException(
          new Failure(
              Failure.Kind.NOT_READY, "model '" + name + "': models are still being looked for"));
    }
    if (known.isEmpty()) {
      return new InferException(
          new Failure(Failure.Kind.NOT_FOUND, "model '" + name + "': not found"));
    }
    if (version.isPresent() && known.stream().noneMatch(s -> s.version() == version.get())) {
      List<Long> versions = known.stream().map(ModelStatus::version).filter(v -> v > 0).toList();
      return new InferException(
          new Failure(
              Failure.Kind.NOT_FOUND,
              "model '%s': version %d not found (there is %s)"
                  .formatted(name, version.get(), versions)));
    }
    ModelStatus status =
        known.stream()
            .filter(s -> version.isEmpty() || s.version() == version.get())
            .reduce((first, second) -> second)
            .orElseThrow();
    return new InferException(
        new Failure(
            Failure.Kind.NOT_READY,
            "model '%s'%s: not ready, %s%s"
                .formatted(
                    name,
                    status.version() > 0 ? " version " + status.version() : "",
                    status.state(),
                    status.reason().isEmpty() ? "" : " (" + status.reason() + ")")));
  }

  private static long parseVersion(String field, String version) throws InferException {
    try {
      long number = Long.parseLong(version);
      if (number > 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      // told below
    }
    throw InferException.invalid(
        "%s: '%s' (expected a whole number from 1, or nothing for the latest)"
            .formatted(field, version));
  }
}
