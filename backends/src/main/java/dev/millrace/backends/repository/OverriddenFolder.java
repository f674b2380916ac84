// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.repository;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * A model's folder with another configuration than the one that lies in it.
 *
 * @param config a Triton configuration
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
record OverriddenFolder(Folder folder, byte[] config) implements Folder {
  @Override
  public Path path() {
    return folder.path();
  }

  @Override
  public List<Child> children() {
    List<Child> children = new ArrayList<>(folder.children());
    children.removeIf(child -> ListedFolder.isConfiguration(child.name()));
    children.add(new Child(Names.CONFIG_PBTXT, false, false));
    return children;
  }

  @Override
  public VersionFiles files(Predicate<String> excludedAtTop) {
    return folder.files(excludedAtTop);
  }

  @Override
  public VersionFiles filesIn(String child) {
    return folder.filesIn(child);
  }

  @Override
  public ManifestFile read(String child) throws IOException, ManifestException {
    return child.equals(Names.CONFIG_PBTXT)
        ? new ManifestFile(child, config, Long.MIN_VALUE)
        : folder.read(child);
  }

  @Override
  public boolean isReadable(FoundFile file) {
    return folder.isReadable(file);
  }
}
