package dev.mica.union;

import dev.mica.core.Core;
import dev.mica.core.Identity;
import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A union's work directory, open. Each mount has a directory of its own in it, so that the next one
 * can be made while the last is still there.
 */
final class WorkDirectory implements AutoCloseable {
  private static final String TRIAL = "trial";

  private final OpenDirectory open;

  private WorkDirectory(OpenDirectory open) {
    this.open = open;
  }

  /** That of a union, made again if it is Mica's and gone; fails if it is another than it was. */
  static WorkDirectory of(UnionRecord union, OpenDirectory besides) {
    Path work = Objects.requireNonNull(union.work());
    if (!union.workMade()) {
      return require(union, OpenDirectory.of(work));
    }
    Path named = besides.path().resolve(work.getFileName());
    if (Files.exists(named, LinkOption.NOFOLLOW_LINKS)) {
      return require(union, OpenDirectory.of(named, work));
    }
    make(named);
    Core.syncDirectory(besides.path());
    return new WorkDirectory(OpenDirectory.of(named, work));
  }

  private static WorkDirectory require(UnionRecord union, OpenDirectory open) {
    Identity was = union.is().work();
    if (was == null || was.is(open.identity())) {
      return new WorkDirectory(open);
    }
    open.close();
    throw OpenFolders.another(union, "work directory", open.openedBy(), was, open.identity());
  }

  private static Path make(Path directory) {
    FileAttribute<?> mode =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    try {
      return Files.createDirectory(directory, mode);
    } catch (IOException broken) {
      throw MicaException.failed("make", OpenDirectory.show(directory.toString()), Why.of(broken))
          .because(broken);
    }
  }

  Identity identity() {
    return open.identity();
  }

  Path path() {
    return open.path();
  }

  /** Removes what earlier mounts left. */
  void empty() {
    entries().forEach(Core::remove);
  }

  /** Removes what earlier mounts left, for one that goes on. */
  void keepOnly(Path used) {
    entries().stream()
        .filter(entry -> !entry.getFileName().equals(used.getFileName()))
        .forEach(Core::remove);
  }

  /** A new directory for one mount. */
  Path fresh() {
    int number = 0;
    while (Files.exists(path().resolve(Integer.toString(number)), LinkOption.NOFOLLOW_LINKS)) {
      number++;
    }
    return make(path().resolve(Integer.toString(number)));
  }

  /** An empty directory that nobody else can enter, to try things in. */
  Path trial() {
    Path trial = path().resolve(TRIAL);
    Core.remove(trial);
    return make(trial);
  }

  /** Whether an overlay had one of the directories in it, which leaves something there. */
  static boolean wasMounted(Path work) {
    if (!Files.isDirectory(work, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(work, "[0-9]*")) {
      for (Path entry : entries) {
        if (UnionSetup.holdsSomething(entry)) {
          return true;
        }
      }
      return false;
    } catch (IOException broken) {
      throw MicaException.failed("look at", work, Why.of(broken)).because(broken);
    }
  }

  private List<Path> entries() {
    List<Path> all = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(path())) {
      entries.forEach(all::add);
      return all;
    } catch (NoSuchFileException gone) {
      return all;
    } catch (IOException broken) {
      throw MicaException.failed("empty the work directory", open.openedBy(), Why.of(broken))
          .because(broken);
    }
  }

  @Override
  public void close() {
    open.close();
  }
}
