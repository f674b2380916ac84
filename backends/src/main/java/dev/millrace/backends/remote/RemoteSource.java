// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import dev.millrace.backends.repository.ListedFile;
import dev.millrace.backends.repository.UnknownVersionException;
import dev.millrace.backends.repository.VersionSelector;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/**
 * What is asked of a registry on another machine. Every call may take long, but not for ever: one
 * that gets no answer for a while fails. Any thread.
 */
public interface RemoteSource extends AutoCloseable {

  /** Where it is, for messages and to tell registries apart; without secrets. */
  String location();

  /** Every model there is; none if the registry's models are found by their names only. */
  List<RemoteModel> list() throws IOException;

  /**
   * One model, with at least the files of the version that is meant.
   *
   * @throws UnknownVersionException if the model, the version or the alias is not there
   */
  Found find(String model, VersionSelector selector) throws IOException;

  /**
   * The content of a file from {@code offset} on.
   *
   * @throws ChangedException if the file is there and not the one that was listed
   */
  InputStream open(String model, ListedFile file, long offset) throws IOException;

  /** What its calls came to; the source says when it was reached. */
  RemoteStatistics statistics();

  @Override
  void close();

  /** A model's name, and what lies in its folder. */
  record RemoteModel(String name, List<ListedFile> files) {
    public RemoteModel {
      files = List.copyOf(files);
    }
  }

  /**
   * A model that was asked for.
   *
   * @param selector what is left to find out among its files: a number, or the latest
   */
  record Found(RemoteModel model, VersionSelector selector) {}

  /** What was listed is there no more with that content. */
  final class ChangedException extends IOException {
    private static final long serialVersionUID = 1;

    public ChangedException(String message) {
      super(message);
    }
  }
}
