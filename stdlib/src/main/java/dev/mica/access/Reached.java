package dev.mica.access;

import dev.mica.core.OpenDirectory;
import dev.mica.core.OpenFile;
import dev.mica.failure.MicaException;
import dev.mica.text.PathBytes;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A place of this host that a caller has named, for as long as it is used. If the caller has roots
 * it is held open: what is done by {@link #path} is done to what was opened, whatever somebody puts
 * in its place meanwhile.
 */
public final class Reached implements AutoCloseable {
  private static final Path NOTHING = Path.of("/proc/self/fd/nothing");

  private final Path named;
  private final Path path;
  private final boolean found;
  private final @Nullable OpenFile open;

  private Reached(Path named, Path path, boolean found, @Nullable OpenFile open) {
    this.named = named;
    this.path = path;
    this.found = found;
    this.open = open;
  }

  /** Not opened. */
  static Reached asItIs(Path path) {
    return new Reached(path, path, true, null);
  }

  /** Where nothing is: at its path nothing can be. */
  static Reached nothing(Path named) {
    return new Reached(named, NOTHING, true, null);
  }

  /** What is open, which {@code named} led to. */
  static Reached of(Path named, OpenFile open) {
    return new Reached(named, open.path(named), true, open);
  }

  /** A name in a folder that is open. */
  static Reached inside(Path named, Path parent, OpenFile folder) {
    return new Reached(named, folder.path(parent).resolve(named.getFileName()), false, folder);
  }

  /** How it was named: for people, and for its last name. */
  public Path named() {
    return named;
  }

  /**
   * A path that leads to it in this process as long as it is held. Of a name alone what is there
   * may be a symlink by now, and must not be followed.
   */
  public Path path() {
    return path;
  }

  /** The folder that its name is in, open. */
  public OpenDirectory openParent() {
    Path parent = named.resolveSibling("");
    if (path.equals(NOTHING)) {
      throw MicaException.failed("use", named, "there is no folder " + PathBytes.printable(parent));
    }
    return OpenDirectory.of(path.resolveSibling("."), parent);
  }

  /** Whether there is a folder for its name. */
  public boolean hasParent() {
    return !path.equals(NOTHING) && Files.isDirectory(path.resolveSibling(""));
  }

  /** Whether something is there. */
  public boolean isThere() {
    return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
  }

  /** Whether it is a directory; of a name alone that is not followed. */
  public boolean isDirectory() {
    return found ? Files.isDirectory(path) : Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
  }

  /** Whether it is a file, likewise. */
  public boolean isFile() {
    return found ? Files.isRegularFile(path) : Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
  }

  @Override
  public String toString() {
    return PathBytes.printable(named);
  }

  @Override
  public void close() {
    if (open != null) {
      open.close();
    }
  }
}
