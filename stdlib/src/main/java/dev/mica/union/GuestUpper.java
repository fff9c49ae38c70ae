package dev.mica.union;

import dev.mica.core.Core;
import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Durable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotLinkException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * An upper that the guest of a helper VM writes. It is put into a folder together with its work
 * directory, so that the guest gets this folder and nothing else that lies beside the upper.
 *
 * <p>A symlink takes the upper's place in one step, so the upper's path works at every instant.
 * That step is the only state: each method looks how things stand, and may be called again.
 *
 * @param upper the upper's own path, which leads to the symlink while the upper is put aside
 * @param folder the shared folder, beside the upper
 */
record GuestUpper(Path upper, Path folder) {
  /** How the upper is called in there. */
  static final String UPPER = "upper";

  static Path folderFor(Path upper, String union) {
    return upper.resolveSibling("." + union + ".mica-guest");
  }

  /** The work directory of that union's while its upper is put aside. */
  static Path workFor(Path upper, String union) {
    return new GuestUpper(upper, folderFor(upper, union)).work();
  }

  /** Where the upper itself is while it is put aside. */
  Path inside() {
    return folder.resolve(UPPER);
  }

  private Path work() {
    return folder.resolve("work");
  }

  private Path link() {
    return folder.getFileName().resolve(UPPER);
  }

  /** Whether the upper is put aside now. */
  boolean isIn() {
    return isLink(upper) && isDirectory(inside());
  }

  /** The upper itself. */
  Path real() {
    return isIn() ? inside() : upper;
  }

  /**
   * Puts it in, and freezes the folder: whoever it is shared with cannot put something else in the
   * place of {@code upper}, which the upper's own path leads to. Where the file system has no such
   * flag it goes without.
   */
  void moveIn() {
    if (!isIn()) {
      putIn();
    }
    boolean _ = Core.freeze(folder);
  }

  private void putIn() {
    if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      moveBack(); // what was cut short
    }
    onFiles("make", folder, "rwx--x--x");
    onFiles("make", work(), "rwx------");
    try {
      Files.createSymbolicLink(inside(), link());
    } catch (IOException broken) {
      throw failed("make", inside(), broken);
    }
    Core.exchange(upper, inside());
  }

  /** The upper is at its path again, and nothing is left beside it. */
  void moveBack() {
    if (isDirectory(folder)) {
      Core.unfreeze(folder);
    }
    if (isIn()) {
      Core.exchange(upper, inside());
    }
    if (isDirectory(inside())) {
      String where = OpenDirectory.show(inside().toString());
      throw MicaException.failed(
              "put back the upper",
              OpenDirectory.show(upper.toString()),
              "something else is there, and the upper is " + where)
          .hint("move that away, and the upper to its place");
    }
    Core.remove(folder);
    try {
      Durable.syncParent(folder);
    } catch (IOException broken) {
      throw failed("sync", folder, broken);
    }
  }

  private boolean isLink(Path path) {
    try {
      return Files.readSymbolicLink(path).equals(link());
    } catch (NotLinkException | java.nio.file.NoSuchFileException other) {
      return false;
    } catch (IOException broken) {
      throw failed("look at", path, broken);
    }
  }

  private static boolean isDirectory(Path path) {
    return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
  }

  private static void onFiles(String doing, Path directory, String mode) {
    try {
      Files.createDirectory(directory);
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(mode)); // umask
    } catch (IOException broken) {
      throw failed(doing, directory, broken);
    }
  }

  private static MicaException failed(String doing, Path path, IOException broken) {
    return MicaException.failed(doing, OpenDirectory.show(path.toString()), Why.of(broken))
        .because(broken);
  }
}
