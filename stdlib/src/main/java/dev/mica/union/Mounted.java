package dev.mica.union;

import dev.mica.core.Mount;
import java.util.List;
import java.util.Optional;

/** What is mounted at a union's place. */
final class Mounted {
  private Mounted() {}

  /** The mount that is seen there; of several the last. */
  static Optional<Mount> at(UnionRecord union, List<Mount> mounts) {
    return mounts.stream()
        .filter(mount -> mount.target().equals(union.at().toString()))
        .reduce((below, above) -> above);
  }

  /** Whether that is the union. */
  static boolean isServed(UnionRecord union, List<Mount> mounts) {
    return at(union, mounts)
        .filter(mount -> Mounter.of(union.via()).serves(union, mount))
        .isPresent();
  }
}
