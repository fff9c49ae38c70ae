package dev.mica.folder;

import java.nio.file.Path;

/** Reads the texts that name places. */
final class Places {
  private Places() {}

  static Folder parse(String pathOrUri) {
    return new LocalFolder(Path.of(pathOrUri));
  }
}
