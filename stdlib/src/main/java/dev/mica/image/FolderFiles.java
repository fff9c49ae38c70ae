package dev.mica.image;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.OptionalLong;

/** The files of a directory. Their contents are compared with digests, so a link does no harm. */
record FolderFiles(Path directory) implements NamedFiles {
  @Override
  public String label() {
    return directory.toString();
  }

  @Override
  public OptionalLong size(String name) {
    Path file = directory.resolve(name);
    try {
      // What is no regular file could block.
      return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
          ? OptionalLong.of(Files.size(file))
          : OptionalLong.empty();
    } catch (IOException gone) {
      return OptionalLong.empty();
    }
  }

  @Override
  public InputStream open(String name, long from) throws IOException {
    FileInputStream in = new FileInputStream(directory.resolve(name).toFile());
    try {
      in.skipNBytes(from);
      return in;
    } catch (IOException broken) {
      in.close();
      throw broken;
    }
  }

  @Override
  public void close() {}
}
