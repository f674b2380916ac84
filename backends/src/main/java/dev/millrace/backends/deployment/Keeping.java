// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.deployment;

import dev.millrace.backends.deployment.DeploymentStore.Stored;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is kept of a deployment, and whether it is on disk. Guarded by its owner. */
final class Keeping {
  private static final Logger log = LoggerFactory.getLogger(Keeping.class);

  private final DeploymentStore store;
  private Stored stored;
  private boolean ended;
  private boolean unsaved;

  Keeping(Stored stored, DeploymentStore store) {
    this.stored = stored;
    this.store = store;
  }

  Stored now() {
    return stored;
  }

  boolean isEnded() {
    return ended;
  }

  /** On disk first: what somebody asks for is refused if it cannot be written. */
  void write(Stored next) throws DeploymentException {
    try {
      store.save(next);
    } catch (IOException e) {
      throw Deployments.storage(next.spec().name(), e);
    }
    stored = next;
    unsaved = false;
  }

  /** Goes on with what is so, written down or not; {@link #saveAgain} sees to that. */
  void keep(Stored next) {
    if (next.equals(stored)) {
      return;
    }
    stored = next;
    unsaved = true;
    saveAgain();
  }

  /** Writes down what could not be written when it happened. */
  void saveAgain() {
    if (!unsaved || ended) {
      return;
    }
    try {
      store.save(stored);
      unsaved = false;
    } catch (IOException e) {
      // the routes are right; a restart would begin with what was stable before
      log.error("deployment {} cannot be written: {}", stored.spec().name(), e.toString());
    }
  }

  /** It is deleted: nothing of it is written any more. */
  void end() throws DeploymentException {
    String name = stored.spec().name();
    try {
      store.delete(name);
    } catch (IOException e) {
      throw Deployments.storage(name, e);
    }
    ended = true;
  }
}
