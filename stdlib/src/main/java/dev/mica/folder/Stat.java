package dev.mica.folder;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Map;

/**
 * lstat(2), as much of it as an {@link Entry} shows.
 *
 * @param mode the type and permission bits
 * @param size bytes
 * @param modified the modification time
 */
record Stat(int mode, long size, Instant modified) {
  private static final int FORMAT = 0170000;

  static Stat of(Path path) throws IOException {
    Map<String, Object> all =
        Files.readAttributes(path, "unix:mode,size,lastModifiedTime", LinkOption.NOFOLLOW_LINKS);
    return new Stat(
        (Integer) required(all, "mode"),
        (Long) required(all, "size"),
        ((FileTime) required(all, "lastModifiedTime")).toInstant());
  }

  private static Object required(Map<String, Object> all, String name) {
    Object value = all.get(name);
    if (value == null) {
      throw new IllegalStateException("this JDK does not know unix:" + name);
    }
    return value;
  }

  Type type() {
    return switch (mode & FORMAT) {
      case 0040000 -> Type.DIRECTORY;
      case 0120000 -> Type.SYMLINK;
      case 0010000 -> Type.FIFO;
      case 0140000 -> Type.SOCKET;
      case 0060000 -> Type.BLOCK_DEVICE;
      case 0020000 -> Type.CHARACTER_DEVICE;
      default -> Type.FILE;
    };
  }

  Entry entry(Name path) {
    boolean sized = type() == Type.FILE || type() == Type.SYMLINK;
    return new Entry(path, type(), sized ? size : 0, mode & ~FORMAT, modified);
  }

  /** A path through a file: nothing can be there. */
  static boolean isNoDirectoryAbove(IOException e) {
    return e instanceof FileSystemException failure
        && "Not a directory".equals(failure.getReason());
  }
}
