package dev.mica.union;

import dev.mica.core.Identity;
import dev.mica.core.Mount;
import dev.mica.core.MountFlag;
import dev.mica.core.OpenDirectory;
import dev.mica.failure.MicaException;
import dev.mica.text.PathBytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;

/** Finds the mounts of a union in the list of this namespace's mounts. */
final class UnionMounts {
  private UnionMounts() {}

  /** The mount that is seen there; of several the last. */
  static Optional<Mount> at(Path at, List<Mount> mounts) {
    return mounts.stream()
        .filter(mount -> mount.target().equals(PathBytes.text(at)))
        .reduce((below, above) -> above);
  }

  /** Whether that is the union. */
  static boolean isServed(UnionRecord union, List<Mount> mounts) {
    return at(union.at(), mounts).filter(mount -> is(union, mount)).isPresent();
  }

  /** The union's mounts, wherever they are: a folder above a mount point can be renamed. */
  static List<Mount> of(UnionRecord union, List<Mount> mounts) {
    boolean served = isServed(union, mounts);
    return mounts.stream()
        .filter(mount ->
            mount.target().equals(PathBytes.text(union.at())) || isMoved(union, served, mount))
        .filter(mount -> is(union, mount))
        .toList();
  }

  /** Where else the union is mounted; its own path shows something else then. */
  static Optional<Mount> elsewhere(UnionRecord union, List<Mount> mounts) {
    boolean served = isServed(union, mounts);
    return mounts.stream()
        .filter(mount -> !mount.target().equals(PathBytes.text(union.at())))
        .filter(mount -> isMoved(union, served, mount) && is(union, mount))
        .findFirst();
  }

  /**
   * Two state directories may have unions of one name. So an overlay is known by the upper that the
   * kernel names, and what is not at its own path by the directory that its mount point is in; one
   * that is there, too, is a copy that somebody else has made, with the folder around it.
   */
  private static boolean isMoved(UnionRecord union, boolean served, Mount mount) {
    return (union.upper() != null
            && isOf(mount, "overlay", union)
            && UsedPath.upperOf(mount).filter(union.upper()::equals).isPresent())
        || (!served && isInTheSameDirectory(union, PathBytes.parse(mount.target())));
  }

  /** Its name cannot be changed while something is mounted on it, but those above it can. */
  private static boolean isInTheSameDirectory(UnionRecord union, Path target) {
    Path above = target.getParent();
    Identity was = union.is().above();
    if (above == null || was == null || !target.endsWith(union.at().getFileName())) {
      return false;
    }
    try (OpenDirectory there = OpenDirectory.of(above)) {
      return was.is(there.identity());
    } catch (MicaException hidden) {
      return false; // under another mount by now, say
    }
  }

  /** Whether this mount of the union's directory is the union. */
  static boolean is(UnionRecord union, Mount mount) {
    if (union.isBind()) {
      return mount.flags().contains(MountFlag.RDONLY)
          && sameInode(union.lowers().getFirst(), PathBytes.parse(mount.target()));
    }
    return switch (union.via()) {
      case KERNEL, AUTO -> isOf(mount, "overlay", union);
      case FUSE -> mount.type().equals("fuse." + FuseMounter.PROGRAM);
      case GUEST -> isOf(mount, Helper.MOUNT_TYPE, union);
    };
  }

  private static boolean isOf(Mount mount, String type, UnionRecord union) {
    return mount.type().equals(type) && mount.source().equals(union.source());
  }

  private static boolean sameInode(Path a, Path b) {
    try {
      return Files.isSameFile(a, b)
          && Files.readAttributes(a, BasicFileAttributes.class).isDirectory();
    } catch (IOException gone) {
      return false; // of a lower that is gone nothing can be mounted
    }
  }
}
