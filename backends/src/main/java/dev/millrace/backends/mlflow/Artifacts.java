// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.mlflow;

import dev.millrace.backends.repository.ListedFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;

/** Where the files of one version are. */
sealed interface Artifacts {

  /** Far above any model: the largest sharded ones have a few hundred files. */
  int MAX_FILES = 10_000;

  /** All of them, without revisions. */
  List<ListedFile> list() throws IOException;

  InputStream open(String name, long offset) throws IOException;

  /** Handed out by the server. */
  record Proxied(MlflowClient client, String root) implements Artifacts {
    @Override
    public List<ListedFile> list() throws IOException {
      List<ListedFile> files = new ArrayList<>();
      Deque<String> folders = new ArrayDeque<>(List.of(""));
      while (!folders.isEmpty()) {
        String folder = folders.remove();
        for (Json file :
            client.artifacts(root + (folder.isEmpty() ? "" : "/" + folder)).objects("files")) {
          String name = (folder.isEmpty() ? "" : folder + "/") + file.text("path");
          if (file.isTrue("is_dir")) {
            folders.add(name);
          } else {
            files.add(new ListedFile(name, size(file, name), 0, ""));
          }
          if (files.size() + folders.size() > MAX_FILES) {
            throw new IOException(root + ": more than " + MAX_FILES + " files");
          }
        }
      }
      return files;
    }

    private static long size(Json file, String name) throws IOException {
      return file.number("file_size")
          .orElseThrow(() -> new IOException(name + ": the server tells no size"));
    }

    @Override
    public InputStream open(String name, long offset) throws IOException {
      return client.artifact(root + "/" + name, offset);
    }
  }

  /** In a folder that this machine sees as well. */
  record Local(Path root) implements Artifacts {
    @Override
    public List<ListedFile> list() throws IOException {
      List<ListedFile> files = new ArrayList<>();
      try (Stream<Path> all = Files.walk(root)) {
        for (Path path : all.filter(Files::isRegularFile).limit(MAX_FILES + 1L).toList()) {
          files.add(new ListedFile(root.relativize(path).toString(), Files.size(path), 0, ""));
        }
      }
      if (files.size() > MAX_FILES) {
        throw new IOException(root + ": more than " + MAX_FILES + " files");
      }
      return files;
    }

    @Override
    public InputStream open(String name, long offset) throws IOException {
      SeekableByteChannel channel = Files.newByteChannel(root.resolve(name));
      return Channels.newInputStream(channel.position(offset));
    }
  }
}
