package dev.mica.union;

import dev.mica.core.Mount;
import dev.mica.core.MountFlag;
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
    return mounts.stream()
        .filter(mount -> is(union, mount))
        .filter(mount -> mount.target().equals(PathBytes.text(union.at())) || isMoved(union, mount))
        .toList();
  }

  /** Where else the union is mounted; its own path shows something else then. */
  static Optional<Mount> elsewhere(UnionRecord union, List<Mount> mounts) {
    return mounts.stream()
        .filter(mount -> !mount.target().equals(PathBytes.text(union.at())))
        .filter(mount -> isMoved(union, mount))
        .findFirst();
  }

  /** By the upper that the kernel names: two state directories may have unions of one name. */
  private static boolean isMoved(UnionRecord union, Mount mount) {
    return union.upper() != null
        && isOf(mount, "overlay", union)
        && UsedPath.upperOf(mount).filter(union.upper()::equals).isPresent();
  }

  /** Whether this mount of the union's directory is the union. */
  static boolean is(UnionRecord union, Mount mount) {
    if (union.isBind()) {
      return mount.target().equals(PathBytes.text(union.at()))
          && mount.flags().contains(MountFlag.RDONLY)
          && sameInode(union.lowers().getFirst(), union.at());
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
