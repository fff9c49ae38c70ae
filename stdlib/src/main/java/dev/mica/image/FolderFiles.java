package dev.mica.image;

import dev.mica.access.Reached;
import dev.mica.core.FilesBelow;
import dev.mica.core.OpenDirectory;
import dev.mica.core.OpenFile;
import dev.mica.core.OpenFlag;
import dev.mica.failure.MicaException;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.OptionalLong;

/**
 * The files of a directory. The documents in it say which files these are, and somebody else may
 * have written them: no name and no symlink leads out of the directory.
 */
record FolderFiles(OpenDirectory directory) implements NamedFiles {
  static FolderFiles of(Reached directory) {
    return new FolderFiles(OpenDirectory.of(directory.path().resolve("."), directory.named()));
  }

  @Override
  public String label() {
    return directory.openedBy().toString();
  }

  @Override
  public OptionalLong size(String name) {
    try (OpenFile file = file(name)) {
      return OptionalLong.of(file.status().size());
    } catch (MicaException none) {
      return OptionalLong.empty();
    }
  }

  @Override
  public InputStream open(String name, long from) throws IOException {
    try (OpenFile file = file(name)) {
      FileInputStream in =
          new FileInputStream(file.path(directory.openedBy().resolve(name)).toFile());
      try {
        in.skipNBytes(from);
        return in;
      } catch (IOException broken) {
        in.close();
        throw broken;
      }
    }
  }

  /** What is no regular file could block, and is not opened. */
  private OpenFile file(String name) {
    FilesBelow files = new FilesBelow(directory, label() + "/");
    byte[] path = name.getBytes(StandardCharsets.UTF_8);
    return FilesBelow.open(files.at(path), EnumSet.of(OpenFlag.READ), 0);
  }

  @Override
  public void close() {
    directory.close();
  }
}
