package dev.mica.union;

import dev.mica.MicaException;
import dev.mica.core.Core;
import dev.mica.core.Mount;
import dev.mica.state.StateDir;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The steps that make and unmake a union's directories and mount. Each may be done again. */
final class Making {
  private Making() {}

  /** Everything short of the mount. */
  static void directories(Plan plan) {
    UnionRecord union = plan.union();
    Path upper = union.upper();
    if (upper != null && (plan.upperMade() || plan.upperEmpty())) {
      keepBefore(plan, upper);
      Core.makeLike(union.lowers().getFirst(), upper);
    }
    if (union.workMade()) {
      makeDirectory(union.work());
    }
    if (union.atMade()) {
      makeDirectory(union.at());
    }
  }

  private static void keepBefore(Plan plan, Path upper) {
    Path making = plan.beforeMaking();
    Path before = plan.before();
    if (making != null && before != null) {
      Core.makeLike(upper, making);
      rename(making, before);
    }
  }

  /** Takes back what {@link #directories} did; a folder that holds something by now stays. */
  static void undo(Plan plan) {
    UnionRecord union = plan.union();
    removeIfMade(union.atMade(), union.at());
    removeWork(union);
    Path upper = union.upper();
    if (upper != null) {
      removeIfMade(plan.upperMade(), upper);
      restoreBefore(plan, upper);
    }
  }

  private static void removeWork(UnionRecord union) {
    if (union.workMade() && union.work() != null) {
      Core.remove(union.work());
      StateDir.syncParent(union.work());
    }
  }

  /**
   * Whether a union that is not mounted may have been written to: then something is in an upper
   * that was empty. Of another upper only the work directory tells, in which a mount leaves
   * something, and that is why one that failed empties it.
   */
  static boolean wasUsed(Plan plan, Path work) {
    Path upper = plan.union().upper();
    boolean fresh = plan.upperMade() || plan.upperEmpty();
    return upper != null && holdsSomething(fresh ? upper : work);
  }

  /** Whether it is a directory with something in it; one that cannot be read fails. */
  static boolean holdsSomething(Path directory) {
    if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      return entries.iterator().hasNext();
    } catch (IOException broken) {
      throw MicaException.failed("look at", directory, StateDir.why(broken)).because(broken);
    }
  }

  private static void restoreBefore(Plan plan, Path upper) {
    Path before = plan.before();
    if (before != null
        && Files.isDirectory(before, LinkOption.NOFOLLOW_LINKS)
        && !holdsSomething(upper)) {
      Core.makeLike(before, upper);
    }
    forgetBefore(plan);
  }

  static void forgetBefore(Plan plan) {
    if (plan.before() != null) {
      Core.remove(plan.before());
    }
    if (plan.beforeMaking() != null) {
      Core.remove(plan.beforeMaking());
    }
  }

  /** Mounts, with a work directory that holds nothing of an earlier mount. */
  static void mount(UnionRecord union, Mounter mounter) {
    if (union.work() != null) {
      empty(union.work());
    }
    try {
      mounter.mount(union);
    } catch (RuntimeException failure) {
      if (union.work() != null && !Mounted.isServed(union, Core.mounts())) {
        empty(union.work());
      }
      throw failure;
    }
  }

  /** Unmounts if it is mounted; what else is mounted there is left alone. */
  static void unmount(UnionRecord union, Mounter mounter) {
    List<Mount> mounts = Core.mounts();
    if (Mounted.isServed(union, mounts)) {
      mounter.unmount(union);
    }
  }

  /** What a union leaves behind once it is unmounted, its mount point and work directory. */
  static void forget(UnionRecord union) {
    removeWork(union);
    boolean taken = Mounted.at(union, Core.mounts()).isPresent();
    removeIfMade(union.atMade() && !taken, union.at());
  }

  /** The mount point, which may be gone since: on a tmpfs, say, after a reboot. */
  static void makePoint(UnionRecord union) {
    makeDirectory(union.at());
  }

  static void removeEmpty(Path directory) {
    onFiles("remove", directory, StateDir::delete);
  }

  private static void makeDirectory(@Nullable Path directory) {
    if (directory != null) {
      onFiles("make", directory, path -> StateDir.makeDirectories(path, "rwxr-xr-x"));
    }
  }

  private static void removeIfMade(boolean made, Path directory) {
    if (made && !holdsSomething(directory)) {
      removeEmpty(directory);
    }
  }

  private static void empty(Path directory) {
    makeDirectory(directory);
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      entries.forEach(Core::remove);
    } catch (IOException broken) {
      throw MicaException.failed("empty the work directory", directory, StateDir.why(broken))
          .because(broken);
    }
  }

  static void rename(Path from, Path to) {
    onFiles("rename " + from + " to", to, path -> StateDir.move(from, path));
  }

  private interface OnFile {
    void apply(Path path) throws IOException;
  }

  private static void onFiles(String doing, Path path, OnFile action) {
    try {
      action.apply(path);
    } catch (IOException broken) {
      throw MicaException.failed(doing, path, StateDir.why(broken)).because(broken);
    }
  }
}
