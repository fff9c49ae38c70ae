package dev.mica.union;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** Whether a path leads, now and later, where this process alone decides. */
final class SafePath {
  private static final int WRITABLE_BY_OTHERS = 022;
  private static final int STICKY = 01000;

  private SafePath() {}

  /**
   * Whether nobody but root and this process's user can change what a real path leads to: each
   * directory above it is theirs, and others may not change its entries.
   */
  static boolean is(Path real) {
    try {
      for (Path above = real.getParent(); above != null; above = above.getParent()) {
        if (!isOurs(above)) {
          return false;
        }
      }
      return true;
    } catch (IOException hidden) {
      return false;
    }
  }

  private static boolean isOurs(Path directory) throws IOException {
    int owner = (int) Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    int mode = (int) Files.getAttribute(directory, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    boolean closed = (mode & WRITABLE_BY_OTHERS) == 0 || (mode & STICKY) != 0;
    return closed && (owner == 0 || owner == me());
  }

  private static int me() throws IOException {
    return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
  }
}
