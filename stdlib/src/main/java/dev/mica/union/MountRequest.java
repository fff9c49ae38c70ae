package dev.mica.union;

import dev.mica.core.OpenDirectory;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a union is mounted from and on, held open: paths that lead there whatever happens meanwhile.
 *
 * @param work null where there is no upper, or the mounter has a work directory of its own
 * @param point the mount point
 */
record MountRequest(OpenFolders folders, @Nullable WorkDirectory work, OpenDirectory point) {
  UnionRecord union() {
    return folders.union();
  }

  /** The mount point, also for those who take a symlink as the last component for one. */
  Path at() {
    return point.path().resolve(".");
  }

  WorkDirectory requireWork() {
    return Objects.requireNonNull(work, "there is an upper, so there is a work directory");
  }
}
