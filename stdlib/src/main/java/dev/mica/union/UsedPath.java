package dev.mica.union;

import dev.mica.core.Mount;
import dev.mica.core.Mounts;
import dev.mica.text.PathBytes;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A directory of a union's that is taken.
 *
 * @param role "upper", "work directory" or "mount point"
 * @param by the union or mount that has it
 * @param isMounted whether it is being written now
 */
record UsedPath(String role, Path path, String by, boolean isMounted) {
  /** As the kernel prints an overlay's options; the order is the kernel's. */
  private static final Pattern OVERLAY =
      Pattern.compile(",upperdir=(?<upper>.*?),workdir=(?<work>.*?)(?:,[a-z_]+(?:=[a-z]+)?)*$");

  @Override
  public String toString() {
    return role + " " + path + " of " + by;
  }

  /** Those of our unions, mounted or not, and of every overlay that is mounted. */
  static List<UsedPath> all(List<UnionRecord> unions) {
    List<Mount> mounts = Mounts.all();
    List<UsedPath> used = new ArrayList<>();
    for (UnionRecord union : unions) {
      boolean mounted = UnionMounts.isServed(union, mounts);
      String by = "the union " + union.name();
      Path upper = union.upper();
      if (upper != null) {
        Path work = union.work() == null ? GuestUpper.folderFor(upper, union.name()) : union.work();
        used.add(new UsedPath("upper", upper, by, mounted));
        used.add(new UsedPath("work directory", work, by, mounted));
      }
    }
    mounts.stream().filter(mount -> mount.type().equals("overlay")).forEach(m -> add(used, m));
    return used;
  }

  /** Where a union that is being made will be mounted. */
  static UsedPath point(UnionRecord union) {
    return new UsedPath("mount point", union.at(), "the union " + union.name(), true);
  }

  /** The upper of an overlay, as the kernel tells it. */
  static Optional<Path> upperOf(Mount mount) {
    Matcher overlay = OVERLAY.matcher(mount.options());
    return overlay.find() ? Optional.of(PathBytes.parse(overlay.group("upper"))) : Optional.empty();
  }

  /** Its work directory, likewise. */
  static Optional<Path> workOf(Mount mount) {
    Matcher overlay = OVERLAY.matcher(mount.options());
    return overlay.find() ? Optional.of(PathBytes.parse(overlay.group("work"))) : Optional.empty();
  }

  private static void add(List<UsedPath> used, Mount mount) {
    Matcher overlay = OVERLAY.matcher(mount.options());
    if (overlay.find()) {
      String by = "the overlay at " + mount.target();
      used.add(new UsedPath("upper", PathBytes.parse(overlay.group("upper")), by, true));
      used.add(new UsedPath("work directory", PathBytes.parse(overlay.group("work")), by, true));
    }
  }
}
