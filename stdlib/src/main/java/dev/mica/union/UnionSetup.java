package dev.mica.union;

import dev.mica.core.Core;
import dev.mica.core.Identity;
import dev.mica.core.Mount;
import dev.mica.core.Mounts;
import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Durable;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The steps that make and remove a union's directories and mount. Each step may be repeated. Each
 * reaches what it changes through a directory that it has opened and identified.
 */
final class UnionSetup {
  private UnionSetup() {}

  /**
   * Does everything on disk that comes before the mount. Returns the union with the directories
   * that its paths mean now.
   */
  static UnionRecord directories(UnionIntent intent) {
    UnionRecord union = intent.union();
    Identities is = union.is();
    if (union.upper() != null) {
      is = besideTheUpper(intent, union.upper(), is);
    }
    try (OpenDirectory above = above(intent)) {
      Path point = named(above, union.at());
      if (union.atMade()) {
        makeDirectory(point, "rwxr-xr-x");
        Core.syncDirectory(above.path());
      }
      is = is.at(identityOf(union, "mount point", union.at(), point, is.at()), intent.above());
    }
    return union.is(is);
  }

  private static Identities besideTheUpper(UnionIntent intent, Path upper, Identities is) {
    UnionRecord union = intent.union();
    Identities found = is;
    try (OpenDirectory besides = besides(intent)) {
      Path named = named(besides, upper);
      if (intent.upperMade() || intent.upperEmpty()) {
        keepBefore(intent, besides, named);
        try (OpenDirectory top = OpenDirectory.of(union.lowers().getFirst())) {
          requireSame(union, "lower", union.lowers().getFirst(), is.lowers().getFirst(), top);
          Core.makeDirectoryLike(top.path(), named);
        }
      }
      found = found.upper(identityOf(union, "upper", upper, named, is.upper()));
      if (union.work() != null && union.workMade()) {
        Path work = named(besides, union.work());
        makeDirectory(work, "rwx------");
        found = found.work(identityOf(union, "work directory", union.work(), work, null));
        Core.syncDirectory(besides.path());
      }
    }
    return found;
  }

  private static void keepBefore(UnionIntent intent, OpenDirectory besides, Path upper) {
    if (intent.upperEmpty()) {
      Path making = besides.path().resolve(intent.beforeMaking());
      Core.makeDirectoryLike(upper, making);
      rename(making, besides.path().resolve(intent.before()));
    }
  }

  private static Path named(OpenDirectory directory, Path path) {
    return directory.path().resolve(path.getFileName());
  }

  /** The folder in which the upper lies, or will be made. */
  static OpenDirectory besides(UnionIntent intent) {
    Path upper = Objects.requireNonNull(intent.union().upper());
    return require(
        intent, "the upper's folder", upper, Objects.requireNonNull(intent.union().is().besides()));
  }

  /** The work directory that was asked for; it exists. */
  static OpenDirectory work(UnionIntent intent) {
    UnionRecord union = intent.union();
    Path work = Objects.requireNonNull(union.work());
    OpenDirectory found = OpenDirectory.of(work);
    Identity was = Objects.requireNonNull(union.is().work());
    if (!was.is(found.identity())) {
      found.close();
      throw OpenFolders.another(union, "work directory", work, was, found.identity());
    }
    return found;
  }

  private static OpenDirectory above(UnionIntent intent) {
    return require(intent, "the mount point's folder", intent.union().at(), intent.above());
  }

  private static OpenDirectory require(UnionIntent intent, String role, Path of, Identity is) {
    Path parent = parent(of);
    OpenDirectory directory = OpenDirectory.of(parent);
    if (directory.identity().is(is)) {
      return directory;
    }
    directory.close();
    throw MicaException.failed(
        "make the union", intent.union().name(), role + " " + parent + " is another by now");
  }

  private static Path parent(Path path) {
    return Objects.requireNonNull(path.getParent(), "a root is always there");
  }

  private static Identity identityOf(
      UnionRecord union, String role, Path path, Path by, @Nullable Identity was) {
    try (OpenDirectory directory = OpenDirectory.of(by, path)) {
      if (was != null) {
        requireSame(union, role, path, was, directory);
      }
      return directory.identity();
    }
  }

  private static void requireSame(
      UnionRecord union, String role, Path path, Identity was, OpenDirectory is) {
    if (!was.is(is.identity())) {
      throw OpenFolders.another(union, role, path, was, is.identity());
    }
  }

  /** Undoes what {@link #directories} did; directories that are not empty stay. */
  static void undo(UnionIntent intent) {
    UnionRecord union = intent.union();
    if (union.atMade() && leads(union.at(), intent.above())) {
      try (OpenDirectory above = above(intent)) {
        removeIfEmpty(named(above, union.at()));
        Core.syncDirectory(above.path());
      }
    }
    if (union.upper() == null || !leads(union.upper(), intent.union().is().besides())) {
      return;
    }
    try (OpenDirectory besides = besides(intent)) {
      if (union.work() != null && union.workMade()) {
        Core.remove(named(besides, union.work()));
      }
      Path upper = named(besides, union.upper());
      if (intent.upperMade()) {
        removeIfEmpty(upper);
      }
      restoreBefore(intent, besides, upper);
      Core.syncDirectory(besides.path());
    }
  }

  /** Whether a path still leads to the same folder. */
  private static boolean leads(Path path, @Nullable Identity parent) {
    if (parent == null || !Files.isDirectory(parent(path), LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    try (OpenDirectory there = OpenDirectory.of(parent(path))) {
      return there.identity().is(parent);
    }
  }

  /**
   * Whether a union that is not mounted may have been written to. If the upper was empty before, it
   * has an entry then. For another upper only the work directory shows it, because a mount leaves
   * something there. That is why a mount that failed empties the work directory.
   */
  static boolean wasUsed(UnionIntent intent, Path work) {
    Path upper = intent.union().upper();
    boolean fresh = intent.upperMade() || intent.upperEmpty();
    if (upper == null || fresh) {
      return upper != null && holdsSomething(upper);
    }
    return intent.union().via() == UnionSpec.Via.KERNEL
        ? WorkDirectory.wasMounted(work)
        : holdsSomething(work);
  }

  /** Whether it is a directory that is not empty; fails if it cannot be read. */
  static boolean holdsSomething(Path directory) {
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      return entries.iterator().hasNext();
    } catch (IOException broken) {
      throw failed("look at", directory, broken);
    }
  }

  private static void restoreBefore(UnionIntent intent, OpenDirectory besides, Path upper) {
    Path before = besides.path().resolve(intent.before());
    if (intent.upperEmpty()
        && Files.isDirectory(before, LinkOption.NOFOLLOW_LINKS)
        && isEmpty(upper)) {
      Core.makeDirectoryLike(before, upper);
    }
    forgetBefore(intent, besides);
  }

  /** Removes what was kept in case the union could not be made. */
  static void forgetBefore(UnionIntent intent) {
    Path upper = intent.union().upper();
    if (intent.upperEmpty() && upper != null && leads(upper, intent.union().is().besides())) {
      try (OpenDirectory besides = besides(intent)) {
        forgetBefore(intent, besides);
      }
    }
  }

  private static void forgetBefore(UnionIntent intent, OpenDirectory besides) {
    Core.remove(besides.path().resolve(intent.before()));
    Core.remove(besides.path().resolve(intent.beforeMaking()));
  }

  /**
   * Mounts the union, with a work directory that has nothing of an earlier mount. Returns the union
   * with the directories that its paths mean now.
   */
  static UnionRecord mount(UnionRecord union, Mounter mounter) {
    try (OpenFolders folders = OpenFolders.of(union);
        WorkDirectory work =
            union.work() == null ? null : WorkDirectory.of(union, folders.besides());
        OpenDirectory point = openPoint(union)) {
      if (work != null) {
        work.empty();
      }
      try {
        mounter.mount(new MountRequest(folders, work, point));
      } catch (RuntimeException failure) {
        if (work != null && !UnionMounts.isServed(union, Mounts.all())) {
          work.empty();
        }
        throw failure;
      }
      try (OpenDirectory above = OpenDirectory.of(point.path().resolve("../."), union.at())) {
        Identities is = union.is().at(point.identity(), above.identity());
        return union.is(work == null ? is : is.work(work.identity()));
      }
    }
  }

  /**
   * The mount point. If it is gone, for example on a tmpfs after a reboot, it is made again. If it
   * was made again already, it is used, but only if nobody else can have made it.
   */
  private static OpenDirectory openPoint(UnionRecord union) {
    Path at = union.at();
    boolean gone = !Files.exists(at, LinkOption.NOFOLLOW_LINKS);
    OpenDirectory point = gone && SafePath.is(at) ? made(at) : OpenDirectory.of(at);
    Identity was = union.is().at();
    if (was == null || was.is(point.identity()) || (SafePath.is(at) && isEmpty(point.path()))) {
      return point;
    }
    point.close();
    throw OpenFolders.another(union, "mount point", at, was, point.identity());
  }

  /**
   * A directory by its real path. It is made if it is missing, with those above it, through nothing
   * but directories: a symlink that somebody has put on the way meanwhile is not followed.
   */
  private static OpenDirectory made(Path real) {
    OpenDirectory there = OpenDirectory.of(real.getRoot());
    for (Path name : real) {
      try (OpenDirectory above = there) {
        Path named = above.path().resolve(name);
        if (!Files.exists(named, LinkOption.NOFOLLOW_LINKS)) {
          makeDirectory(named, "rwxr-xr-x");
          Core.syncDirectory(above.path());
        }
        there = above.child(name);
      }
    }
    return there;
  }

  /** Unmounts the union wherever it is mounted. Other mounts there are not touched. */
  static void unmount(UnionRecord union, Mounter mounter) {
    for (Mount mount : UnionMounts.of(union, Mounts.all()).reversed()) {
      mounter.unmount(union, mount);
    }
  }

  /**
   * Removes the mount point and the work directory, which a union leaves behind when it is
   * unmounted.
   */
  static void forget(UnionRecord union) {
    Identity work = union.is().work();
    if (union.work() != null && work != null) {
      forgetWork(union, union.work(), work);
    }
    Identity at = union.is().at();
    boolean taken = UnionMounts.at(union.at(), Mounts.all()).isPresent();
    if (union.atMade() && at != null && !taken) {
      ifStill(union.at(), at, UnionSetup::removeIfEmpty);
    }
  }

  private static void forgetWork(UnionRecord union, Path work, Identity is) {
    ifStill(
        work,
        is,
        named -> {
          if (union.workMade()) {
            Core.remove(named);
          } else {
            list(named).forEach(Core::remove);
          }
        });
  }

  private interface OnDirectory {
    void accept(Path named);
  }

  /**
   * Does that durably to a directory, by its name in its open parent, if it is still the same
   * directory.
   */
  private static void ifStill(Path path, Identity was, OnDirectory action) {
    if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (OpenDirectory parent = OpenDirectory.of(parent(path));
        OpenDirectory named = parent.child(path.getFileName())) {
      if (named.identity().is(was)) {
        action.accept(named(parent, path));
        Core.syncDirectory(parent.path());
      }
    }
  }

  private static void makeDirectory(Path directory, String mode) {
    onFiles(
        "make",
        directory,
        path -> {
          if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectory(
                path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode)));
          }
        });
  }

  /** Removes a directory, unless it is gone or not empty. */
  static void removeIfEmpty(Path directory) {
    if (isEmpty(directory)) {
      onFiles("remove", directory, Files::deleteIfExists);
    }
  }

  static boolean isEmpty(Path directory) {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      return !entries.iterator().hasNext();
    } catch (IOException gone) {
      return false;
    }
  }

  private static List<Path> list(Path directory) {
    try (var entries = Files.list(directory)) {
      return entries.toList();
    } catch (IOException broken) {
      throw failed("empty", directory, broken);
    }
  }

  static void rename(Path from, Path to) {
    onFiles(
        "rename " + OpenDirectory.show(from.toString()) + " to",
        to,
        path -> Durable.move(from, path));
  }

  /** The topmost mount of the union of that record, if it is mounted. */
  static Optional<Mount> mounted(UnionRecord union) {
    return UnionMounts.of(union, Mounts.all()).reversed().stream().findFirst();
  }

  private interface OnFile {
    void apply(Path path) throws IOException;
  }

  private static void onFiles(String doing, Path path, OnFile action) {
    try {
      action.apply(path);
    } catch (IOException broken) {
      throw failed(doing, path, broken);
    }
  }

  private static MicaException failed(String doing, Path path, IOException broken) {
    return MicaException.failed(doing, OpenDirectory.show(path.toString()), Why.of(broken))
        .because(broken);
  }
}
