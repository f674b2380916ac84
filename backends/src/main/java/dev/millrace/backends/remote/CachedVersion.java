// SPDX-License-Identifier: Apache-2.0
package dev.millrace.backends.remote;

import dev.millrace.backends.repository.ListedFile;
import dev.millrace.backends.storage.YamlRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What the cache knows of a version that was fetched as a whole.
 *
 * @param location of the registry
 * @param files with the digests of what was fetched; the model's configuration is one of them
 */
record CachedVersion(String location, String model, long version, List<CachedFile> files) {

  /**
   * A file that was fetched.
   *
   * @param sha256 of its content, in hex
   */
  record CachedFile(ListedFile listed, String sha256) {}

  CachedVersion {
    files = List.copyOf(files);
  }

  Optional<CachedFile> find(ListedFile listed) {
    return files.stream().filter(file -> file.listed().equals(listed)).findFirst();
  }

  List<ListedFile> listing() {
    return files.stream().map(CachedFile::listed).toList();
  }

  void save(Path path) throws IOException {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("location", location);
    map.put("model", model);
    map.put("version", version);
    List<Map<String, Object>> list = new ArrayList<>();
    for (CachedFile file : files) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("name", file.listed().name());
      one.put("size", file.listed().size());
      one.put("modified", file.listed().modifiedMillis());
      one.put("revision", file.listed().revision());
      one.put("sha256", file.sha256());
      list.add(one);
    }
    map.put("files", list);
    YamlRecord.save(path, map);
  }

  static CachedVersion load(Path path) throws IOException {
    return YamlRecord.load(
        path,
        record ->
            new CachedVersion(
                record.text("location"),
                record.text("model"),
                record.number("version"),
                record.records("files").stream().map(CachedVersion::file).toList()));
  }

  private static CachedFile file(YamlRecord record) {
    return new CachedFile(
        new ListedFile(
            record.text("name"),
            record.number("size"),
            record.number("modified"),
            record.text("revision")),
        record.text("sha256"));
  }
}
