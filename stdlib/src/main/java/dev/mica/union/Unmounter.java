package dev.mica.union;

import dev.mica.core.CoreError;
import dev.mica.core.Errno;
import dev.mica.core.Mount;
import dev.mica.core.Mounts;
import dev.mica.failure.MicaException;
import dev.mica.text.PathBytes;
import java.nio.file.Path;
import java.util.List;

/** Unmounts unions. */
final class Unmounter {
  private static final int SHOWN = 5;

  private Unmounter() {}

  /** Unmounts; if the mount is held, the failure says who holds it. */
  static void unmount(UnionRecord union, Mount mount) {
    try {
      Mounts.unmount(PathBytes.parse(mount.target()), mount.id(), false);
    } catch (MicaException failure) {
      throw isBusy(failure) ? busy(union, PathBytes.parse(mount.target()), failure) : failure;
    }
  }

  /** The same for a FUSE mount, which its owner may unmount, too. */
  static void unmountFuse(UnionRecord union, Mount mount) {
    try {
      unmount(union, mount);
    } catch (MicaException failure) {
      if (!isDenied(failure)) {
        throw failure;
      }
      if (!Fusermount.unmount(PathBytes.parse(mount.target()), false)) {
        throw busy(union, PathBytes.parse(mount.target()), failure);
      }
    }
  }

  /** Unmounts even while something holds it. */
  static void detach(UnionRecord union, Mount mount) {
    Path target = PathBytes.parse(mount.target());
    try {
      Mounts.unmount(target, mount.id(), true);
    } catch (MicaException failure) {
      if (union.via() != UnionSpec.Via.FUSE || !isDenied(failure)) {
        throw failure;
      }
      Fusermount.unmount(target, true);
    }
  }

  private static boolean isDenied(MicaException failure) {
    return failure.getCause() instanceof CoreError error && error.errno() == Errno.EPERM;
  }

  private static boolean isBusy(MicaException failure) {
    return failure.getCause() instanceof CoreError error && error.errno() == Errno.EBUSY;
  }

  private static MicaException busy(UnionRecord union, Path at, MicaException failure) {
    List<String> who = MountHolders.of(at);
    String names = String.join(", ", who.subList(0, Math.min(SHOWN, who.size())));
    String more = who.size() > SHOWN ? " and " + (who.size() - SHOWN) + " more" : "";
    return MicaException.failed(
            "unmount the union " + union.name() + " at",
            at,
            "it is in use" + (who.isEmpty() ? "" : " by " + names + more))
        .hint(who.isEmpty() ? "end what uses it" : "end these, or have them leave it")
        .because(failure);
  }
}
