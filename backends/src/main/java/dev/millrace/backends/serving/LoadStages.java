// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.serving;

import dev.millrace.backends.model.ModelArtifact;
import dev.millrace.backends.model.ModelLoadException;
import dev.millrace.backends.repository.AlteredException;
import dev.millrace.backends.repository.ModelEntry;
import dev.millrace.backends.repository.ModelEntry.ModelVersion;
import dev.millrace.backends.repository.ModelManifest;
import dev.millrace.backends.repository.ModelRepository;
import dev.millrace.backends.repository.UnknownVersionException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The two stages of a load: a version's files are fetched, and then an engine loads them. Whatever
 * goes wrong is an outcome, never an exception. Any threads.
 */
final class LoadStages {
  private static final Logger log = LoggerFactory.getLogger(LoadStages.class);

  /** The fingerprint of what is not there any more. */
  private static final String GONE = "gone";

  private static final Outcome UNWANTED = new Outcome.Failed("not wanted any more");

  private final ModelRepository repository;
  private final Loader loader;
  private final Room room;
  private final Function<String, List<ServedVersion>> serving;
  private final LongSupplier nanoClock;
  private volatile boolean stopping;

  /** What is to be loaded, found out by the thread that fetches. */
  @FunctionalInterface
  interface Search {
    Wanted find() throws IOException;
  }

  /** A version as the repository holds it, and how it is to be served. */
  record Wanted(ModelEntry entry, ModelVersion version, ModelManifest manifest) {}

  /** Which version is to be brought here, and who is told how far it is. */
  record Task(String name, long version, Slot slot, Search search, Progress progress) {}

  /** Is told which state a version is in now. */
  @FunctionalInterface
  interface Progress {
    void enter(VersionState state);
  }

  /** What came of the first stage. */
  sealed interface Fetch {}

  /** Its files are here. */
  record Fetched(Wanted wanted, ModelArtifact artifact, long nanos) implements Fetch {}

  /** What came of both. */
  sealed interface Outcome extends Fetch {

    /** It can serve. */
    record Loaded(Wanted wanted, ServedVersion served, ModelArtifact artifact, long nanos)
        implements Outcome {}

    /** Its content cannot be served. */
    record Refused(String fingerprint, String reason) implements Outcome {}

    /** There was no memory for it. */
    record NoRoom(String fingerprint, Shortage shortage) implements Outcome {}

    /** It could not be brought here. */
    record Failed(String reason) implements Outcome {}
  }

  /**
   * @param serving the versions of a model that serve now
   */
  LoadStages(
      ModelRepository repository,
      Loader loader,
      Room room,
      Function<String, List<ServedVersion>> serving,
      LongSupplier nanoClock) {
    this.repository = repository;
    this.loader = loader;
    this.room = room;
    this.serving = serving;
    this.nanoClock = nanoClock;
  }

  /** Nothing is wanted any more. */
  void stop() {
    stopping = true;
    room.stop();
    loader.stop();
  }

  private boolean isUnwanted(Task task) {
    return task.slot().isAbandoned || stopping;
  }

  /** Brings the files here. An interrupt ends it. */
  Fetch fetch(Task task) {
    if (isUnwanted(task)) {
      return UNWANTED;
    }
    long begin = nanoClock.getAsLong();
    String fingerprint = "";
    try {
      task.progress().enter(VersionState.FETCHING);
      Wanted wanted = task.search().find();
      fingerprint = wanted.version().fingerprint();
      if (wanted.version().problem().isPresent()) {
        return new Outcome.Refused(fingerprint, wanted.version().problem().get());
      }
      ModelArtifact artifact = repository.fetch(wanted.entry(), wanted.version());
      return new Fetched(wanted, artifact, nanoClock.getAsLong() - begin);
    } catch (Throwable e) {
      return isUnwanted(task) ? UNWANTED : fetchFailed(task, fingerprint, e);
    }
  }

  private static Outcome fetchFailed(Task task, String fingerprint, Throwable cause) {
    return switch (cause) {
      case UnknownVersionException e -> new Outcome.Refused(GONE, message(e));
      case AlteredException e -> new Outcome.Refused(fingerprint, message(e));
      case IOException e -> new Outcome.Failed(message(e));
      default -> unexpected(task, fingerprint, cause);
    };
  }

  /** Has the engine load what was fetched. One at a time. */
  Outcome load(Task task, Fetched fetched) {
    if (isUnwanted(task)) {
      release(fetched.artifact());
      return UNWANTED;
    }
    long begin = nanoClock.getAsLong();
    ModelArtifact artifact = fetched.artifact();
    String fingerprint = fetched.wanted().version().fingerprint();
    try {
      Optional<Shortage> shortage = room.reserve(artifact);
      if (shortage.isPresent()) {
        release(artifact);
        return new Outcome.NoRoom(fingerprint, shortage.get());
      }
      task.progress().enter(VersionState.LOADING);
      ServedVersion served =
          loader.load(
              artifact.named(task.name()),
              fetched.wanted().manifest(),
              () -> task.progress().enter(VersionState.WARMING));
      takeOver(task.name(), served);
      long nanos = fetched.nanos() + nanoClock.getAsLong() - begin;
      return new Outcome.Loaded(fetched.wanted(), served, artifact, nanos);
    } catch (NoRoomException e) {
      release(artifact);
      return new Outcome.NoRoom(fingerprint, e.shortage());
    } catch (ModelLoadException e) {
      release(artifact);
      return new Outcome.Refused(fingerprint, message(e));
    } catch (HungLoadException e) {
      return new Outcome.Refused(fingerprint, message(e));
    } catch (Throwable e) {
      release(artifact);
      return unexpected(task, fingerprint, e);
    }
  }

  private void takeOver(String name, ServedVersion served) throws HungLoadException {
    try {
      served.takeOverFrom(serving.apply(name));
    } catch (RuntimeException | Error e) {
      if (!Loader.isFreed(served)) {
        throw new HungLoadException(new ModelLoadException(e.toString(), e));
      }
      throw e;
    }
  }

  /** Whatever a model does to its engine, the others are still to be loaded. */
  private static Outcome unexpected(Task task, String fingerprint, Throwable cause) {
    log.error("model {} version {}: loading failed", task.name(), task.version(), cause);
    return new Outcome.Refused(fingerprint, cause.toString());
  }

  private static String message(Exception e) {
    return e.getMessage() != null ? e.getMessage() : e.toString();
  }

  /** From now on models are not loaded onto a device that was lost. */
  void lost(DeviceLoss loss) {
    loader.lost(loss);
  }

  /** Lets go of what was fetched, and of the memory that was reserved for it. */
  void release(ModelArtifact artifact) {
    room.release(artifact);
    repository.release(artifact);
  }
}
