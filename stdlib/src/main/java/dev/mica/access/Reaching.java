package dev.mica.access;

import dev.mica.core.CoreError;
import dev.mica.core.Errno;
import dev.mica.core.FilesBelow;
import dev.mica.core.OpenDirectory;
import dev.mica.core.OpenFile;
import dev.mica.core.OpenFlag;
import dev.mica.failure.MicaException;
import dev.mica.text.PathBytes;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;

/**
 * Opens what a caller names beneath one of the caller's roots. Where a path leads is asked before,
 * because an absolute symlink may lead from one root to another; what is found so is opened beneath
 * the root, where the kernel lets no symlink lead out.
 */
record Reaching(Caller caller) {
  private static final byte[] ITSELF = ".".getBytes(StandardCharsets.UTF_8);
  private static final int MODE = 0777;

  /** What a root has below it, as long as it is open. */
  @FunctionalInterface
  private interface Beneath<T> {
    T open(FilesBelow files, Path relative);
  }

  Reached open(Path path) {
    try {
      return Reached.of(path, opened(path));
    } catch (MicaException missing) {
      return nothing(path, missing);
    }
  }

  Reached openName(Path path) {
    Path parent = path.getParent();
    if (parent == null || caller.roots().contains(path)) {
      return openRoot(path);
    }
    try {
      return Reached.inside(path, parent, opened(parent));
    } catch (MicaException missing) {
      return nothing(path, missing);
    }
  }

  private static Reached nothing(Path path, MicaException missing) {
    if (!isErrno(missing, Errno.ENOENT)) {
      throw missing;
    }
    return Reached.nothing(path);
  }

  /** Of a root the name, too, which lies in a folder that is not the caller's. */
  private Reached openRoot(Path root) {
    Path parent = root.getParent();
    caller.requireWithin(root);
    if (parent == null) {
      return open(root);
    }
    try (OpenDirectory above = requireReal(parent)) {
      FilesBelow files = new FilesBelow(above, parent + "/");
      return Reached.inside(root, parent, entry(files, ITSELF));
    }
  }

  Reached make(Path path) {
    return Reached.of(
        path,
        beneath(
            path,
            (files, relative) -> {
              for (int i = 1; i <= relative.getNameCount(); i++) {
                make(files, PathBytes.asItIs(relative.subpath(0, i)));
              }
              return entry(files, bytes(relative));
            }));
  }

  private static void make(FilesBelow files, byte[] path) {
    if (path.length == 0) {
      return; // the root itself
    }
    try {
      FilesBelow.makeDirectory(files.at(path), MODE);
    } catch (MicaException there) {
      if (!isErrno(there, Errno.EEXIST)) {
        throw there;
      }
    }
  }

  private OpenFile opened(Path path) {
    return beneath(path, (files, relative) -> entry(files, bytes(relative)));
  }

  private <T> T beneath(Path path, Beneath<T> use) {
    Path real = RealPath.of(path);
    Path root = caller.rootOf(real, path);
    try (OpenDirectory top = requireReal(root)) {
      return use.open(new FilesBelow(top, root + "/"), root.relativize(real));
    }
  }

  private static byte[] bytes(Path relative) {
    byte[] bytes = PathBytes.asItIs(relative);
    return bytes.length == 0 ? ITSELF : bytes;
  }

  private static OpenFile entry(FilesBelow files, byte[] path) {
    return FilesBelow.open(files.at(path), EnumSet.of(OpenFlag.ENTRY), 0);
  }

  static Reached openRecorded(Path real) {
    try (OpenDirectory open = requireReal(real)) {
      return Reached.of(real, entry(new FilesBelow(open, real + "/"), ITSELF));
    }
  }

  private static OpenDirectory requireReal(Path real) {
    if (Files.isSymbolicLink(real)) {
      throw elsewhere(real);
    }
    OpenDirectory open = OpenDirectory.of(real);
    boolean same = false;
    try {
      same = open.realPath().equals(real);
    } finally {
      if (!same) {
        open.close();
      }
    }
    if (!same) {
      throw elsewhere(real);
    }
    return open;
  }

  private static MicaException elsewhere(Path real) {
    return MicaException.denied("use", real, "a symlink on the way to it leads elsewhere");
  }

  private static boolean isErrno(MicaException failure, Errno errno) {
    return failure.getCause() instanceof CoreError error && error.errno() == errno;
  }
}
