package dev.mica.union;

import dev.mica.core.MountFlag;
import dev.mica.core.Mounts;
import dev.mica.text.PathBytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Where a path leads in its file system, past symlinks and bind mounts: two paths overlap exactly
 * if they are in the same file system and one place lies in the other.
 *
 * @param real the real path; of a path that is not there yet, its real parent and its name
 * @param device the file system, as {@code major:minor}
 * @param inside the path from that file system's own root
 */
record ResolvedPath(Path real, String device, Path inside) {
  /** Whether one is, contains or lies in the other, by path or by what the path leads to. */
  boolean overlaps(ResolvedPath other) {
    return nested(real, other.real) || (sameDevice(other) && nested(inside, other.inside));
  }

  boolean sameDevice(ResolvedPath other) {
    return device.equals(other.device);
  }

  /** Whether both lead to the same place. */
  boolean is(ResolvedPath other) {
    return sameDevice(other) && inside.equals(other.inside);
  }

  private static boolean nested(Path a, Path b) {
    return a.startsWith(b) || b.startsWith(a);
  }

  /** The mounts of now, asked once for many paths. */
  static final class Finder {
    private record Spot(String device, Path root, Path target, Set<MountFlag> flags) {}

    private final List<Spot> spots =
        Mounts.all().stream()
            .map(mount ->
                new Spot(
                    mount.device(),
                    PathBytes.parse(mount.root()),
                    PathBytes.parse(mount.target()),
                    mount.flags()))
            .toList();

    /** Fails where neither the path nor its parent is there. */
    ResolvedPath of(Path path) throws IOException {
      Path real =
          Files.exists(path, LinkOption.NOFOLLOW_LINKS)
              ? path.toRealPath()
              : parent(path).toRealPath().resolve(path.getFileName());
      Spot spot = spotOf(real);
      return new ResolvedPath(real, spot.device, spot.root.resolve(spot.target.relativize(real)));
    }

    private static Path parent(Path path) {
      return Objects.requireNonNull(path.getParent(), "a root is always there");
    }

    /** Whether something is mounted just there. */
    boolean isMountPoint(Path real) {
      return spots.stream().anyMatch(spot -> spot.target.equals(real));
    }

    /** Those of the mount that a real path is in. */
    Set<MountFlag> flags(Path real) {
      return spotOf(real).flags;
    }

    private Spot spotOf(Path real) {
      Spot best = spots.getFirst();
      int depth = -1;
      for (Spot spot : spots) {
        int names = spot.target.getNameCount();
        if (names >= depth && real.startsWith(spot.target)) { // of equals, the last is on top
          best = spot;
          depth = names;
        }
      }
      return best;
    }
  }
}
