package dev.mica.union;

import dev.mica.core.Mount;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds clones of a union's mount: a bind mount of it, or the copy in the mount namespace of a
 * container that was started while the union was mounted. A clone does not keep our mount from
 * being unmounted, and stays when it is. Programs go on writing to the upper through it.
 */
final class MountClones {
  /**
   * A file server, and whatever else makes a mount namespace for itself, copies every mount before
   * it lets go of what it does not need. That takes milliseconds, and on a busy machine some more.
   */
  private static final long PATIENCE_NANOS = 250_000_000;

  private static final long BETWEEN_NANOS = 5_000_000;

  private MountClones() {}

  /** Whether {@link #exist} says so for longer than a namespace takes to be set up. */
  static boolean stay(Mount mount) throws IOException {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (exist(mount)) {
      if (System.nanoTime() - deadline > 0) {
        return true;
      }
      LockSupport.parkNanos(BETWEEN_NANOS);
    }
    return false;
  }

  /** Whether some other mount, in any process's namespace, shows what {@code mount} does. */
  private static boolean exist(Mount mount) throws IOException {
    Pattern line = Pattern.compile("^(\\d+) \\d+ " + mount.device() + " ", Pattern.MULTILINE);
    Set<Path> seen = new HashSet<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        if (isNew(process, seen) && hasOther(line.matcher(mountinfo(process)), mount)) {
          return true;
        }
      }
      return false;
    }
  }

  private static boolean hasOther(Matcher lines, Mount mount) {
    String ours = Integer.toString(mount.id());
    return lines.results().anyMatch(line -> !line.group(1).equals(ours));
  }

  /** Whether its namespace was not looked at yet; one that does not tell its own is looked at. */
  private static boolean isNew(Path process, Set<Path> seen) {
    try {
      return seen.add(Files.readSymbolicLink(process.resolve("ns/mnt")));
    } catch (IOException goneOrGuarded) {
      return true;
    }
  }

  private static String mountinfo(Path process) {
    try {
      return new String(Files.readAllBytes(process.resolve("mountinfo")), StandardCharsets.UTF_8);
    } catch (IOException goneOrNotOurs) {
      return "";
    }
  }
}
