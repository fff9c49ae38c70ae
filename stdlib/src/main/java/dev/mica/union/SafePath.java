package dev.mica.union;

import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Who decides where a path leads. */
final class SafePath {
  private static final int MOST_LINKS = 40;

  /**
   * A path without symlinks.
   *
   * @param path where it leads
   * @param strangers who owns the symlinks on the way that neither root nor this process's user
   *     made
   */
  record Resolved(Path path, Set<Integer> strangers) {}

  private static final int WRITABLE_BY_OTHERS = 022;
  private static final int STICKY = 01000;

  private SafePath() {}

  /**
   * Where an absolute path leads, followed here and not by the kernel, to see whose symlinks it
   * goes through: what a user's symlink leads to is to be his, too.
   */
  static Resolved resolve(Path absolute) throws IOException {
    Deque<Path> left = new ArrayDeque<>();
    absolute.forEach(left::add);
    Set<Integer> strangers = new HashSet<>();
    Path at = absolute.getRoot();
    for (int links = 0; !left.isEmpty(); ) {
      Path next = at.resolve(left.pop()).normalize();
      if (!Files.isSymbolicLink(next)) {
        at = next;
        continue;
      }
      if (++links > MOST_LINKS) {
        throw new FileSystemLoopException(absolute.toString());
      }
      int owner = (int) Files.getAttribute(next, "unix:uid", LinkOption.NOFOLLOW_LINKS);
      if (owner != 0 && owner != me()) {
        strangers.add(owner);
      }
      Path target = Files.readSymbolicLink(next);
      List<Path> names = new ArrayList<>();
      target.forEach(names::add);
      names.reversed().forEach(left::push);
      at = target.isAbsolute() ? absolute.getRoot() : at;
    }
    return new Resolved(at.toRealPath(LinkOption.NOFOLLOW_LINKS), strangers);
  }

  /**
   * Whether nobody but root and this process's user can change what a real path leads to: each
   * directory above it is theirs, and others may not change its entries.
   */
  static boolean is(Path real) {
    try {
      if (!staysInPlace(real)) {
        return false;
      }
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

  /** In a directory like /tmp each name is its owner's to change. */
  private static boolean staysInPlace(Path real) throws IOException {
    Path above = real.getParent();
    if (above == null || !Files.exists(real, LinkOption.NOFOLLOW_LINKS)) {
      return true;
    }
    int mode = (int) Files.getAttribute(above, "unix:mode", LinkOption.NOFOLLOW_LINKS);
    int owner = (int) Files.getAttribute(real, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    return (mode & WRITABLE_BY_OTHERS) == 0 || owner == 0 || owner == me();
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
