package dev.mica.union;

import dev.mica.core.Mounts;
import dev.mica.text.PathBytes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.stream.Stream;

/** Finds the processes and mounts that keep a mount from being unmounted. */
final class MountHolders {
  private static final Path PROC = Path.of("/proc");
  private static final int LOOKS = 3;

  /** Longer than such a program takes, which may be kept from its processor for a little. */
  private static final long BETWEEN_NANOS = 2_000_000;

  private MountHolders() {}

  /**
   * The processes that have a file or directory of the mount open, or as their current one or their
   * root; and the mounts on it.
   */
  static List<String> of(Path at) {
    List<String> who = new ArrayList<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path process : processes) {
        if (holds(process, at)) {
          who.add("process " + process.getFileName() + " (" + command(process) + ")");
        }
      }
    } catch (IOException unreadable) {
      who.add("processes that /proc does not show");
    }
    Mounts.all().stream()
        .map(mount -> mount.target())
        .filter(target -> target.startsWith(PathBytes.text(at) + "/"))
        .forEach(target -> who.add("the mount at " + target));
    return who;
  }

  /**
   * Whether something holds the mount for longer than a program takes that opens, writes and closes
   * a file: it must be there in each of several looks. The mappings, which are most of what {@code
   * /proc} shows, are looked at only where no open file tells.
   */
  static boolean stay(Path at) {
    return anyStays(at, MountHolders::filesOf) || anyStays(at, MountHolders::mappingsOf);
  }

  private static boolean anyStays(Path at, Function<Path, Stream<Path>> linksOf) {
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path process : processes) {
        if (linksOf.apply(process).anyMatch(link -> stays(link, at))) {
          return true;
        }
      }
      return false;
    } catch (IOException unreadable) {
      return true; // what /proc does not show may hold it
    }
  }

  private static boolean stays(Path link, Path at) {
    for (int i = 0; leadsTo(link, at); i++) {
      if (i == LOOKS) {
        return true;
      }
      LockSupport.parkNanos(BETWEEN_NANOS);
    }
    return false;
  }

  private static Stream<Path> filesOf(Path process) {
    return Stream.concat(
        Stream.of("cwd", "root", "exe").map(process::resolve), links(process.resolve("fd")));
  }

  private static Stream<Path> mappingsOf(Path process) {
    return links(process.resolve("map_files"));
  }

  private static Stream<Path> links(Path directory) {
    try (Stream<Path> all = Files.list(directory)) {
      return all.toList().stream();
    } catch (IOException | UncheckedIOException goneOrNotOurs) {
      return Stream.empty(); // then it holds nothing, or nothing that can be seen
    }
  }

  private static boolean holds(Path process, Path at) {
    return Stream.of("cwd", "root", "exe").anyMatch(link -> leadsTo(process.resolve(link), at))
        || anyLeadsTo(process.resolve("fd"), at)
        || anyLeadsTo(process.resolve("map_files"), at);
  }

  private static boolean anyLeadsTo(Path links, Path at) {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(links)) {
      for (Path link : all) {
        if (leadsTo(link, at)) {
          return true;
        }
      }
      return false;
    } catch (IOException | java.nio.file.DirectoryIteratorException goneOrNotOurs) {
      return false;
    }
  }

  private static boolean leadsTo(Path link, Path at) {
    try {
      return Files.readSymbolicLink(link).startsWith(at);
    } catch (IOException goneOrNotOurs) {
      return false;
    }
  }

  private static String command(Path process) {
    try {
      return Files.readString(process.resolve("comm")).strip();
    } catch (IOException gone) {
      return "gone";
    }
  }
}
