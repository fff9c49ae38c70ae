package dev.mica.access;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** Where a path leads. */
final class RealPath {
  private RealPath() {}

  /** That of what is there, and of what is not, below the nearest that is. */
  static Path of(Path path) {
    Path whole = path.normalize();
    for (Path there = whole; there != null; there = there.getParent()) {
      if (Files.exists(there, LinkOption.NOFOLLOW_LINKS)) {
        return of(there, whole);
      }
    }
    return whole;
  }

  /** A symlink that leads nowhere may lead somewhere once something is made there. */
  private static Path of(Path there, Path whole) {
    try {
      return there.toRealPath().resolve(there.relativize(whole)).normalize();
    } catch (IOException dangling) {
      throw MicaException.denied("use", whole, "where " + there + " leads: " + Why.of(dangling))
          .because(dangling);
    }
  }
}
