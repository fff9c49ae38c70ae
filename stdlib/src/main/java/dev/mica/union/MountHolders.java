package dev.mica.union;

import dev.mica.core.Core;
import dev.mica.text.PathBytes;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Finds the processes and mounts that keep a mount from being unmounted. */
final class MountHolders {
  private static final Path PROC = Path.of("/proc");
  private static final int LOOKS = 3;

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
    Core.mounts().stream()
        .map(mount -> mount.target())
        .filter(target -> target.startsWith(PathBytes.text(at) + "/"))
        .forEach(target -> who.add("the mount at " + target));
    return who;
  }

  /**
   * Whether something holds the mount for longer than a program takes that opens, writes and closes
   * a file: it must be there in each of several looks.
   */
  static boolean stay(Path at) {
    Set<String> seen = links(at);
    for (int i = 0; i < LOOKS && !seen.isEmpty(); i++) {
      seen.retainAll(links(at));
    }
    return !seen.isEmpty();
  }

  private static Set<String> links(Path at) {
    Set<String> found = new HashSet<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path process : processes) {
        Stream.of("cwd", "root", "exe").map(process::resolve).forEach(l -> add(found, l, at));
        addAll(found, process.resolve("fd"), at);
        addAll(found, process.resolve("map_files"), at);
      }
    } catch (IOException unreadable) {
      found.add("processes that /proc does not show");
    }
    return found;
  }

  private static void addAll(Set<String> found, Path links, Path at) {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(links)) {
      all.forEach(link -> add(found, link, at));
    } catch (IOException | java.nio.file.DirectoryIteratorException goneOrNotOurs) {
      return; // then it holds nothing, or nothing that can be seen
    }
  }

  private static void add(Set<String> found, Path link, Path at) {
    if (leadsTo(link, at)) {
      found.add(link.toString());
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
