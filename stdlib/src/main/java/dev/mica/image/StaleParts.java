package dev.mica.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Files beside what somebody saves, which processes leave that are killed while they write. */
final class StaleParts {
  private static final String MARK = ".mica-";
  private static final Pattern REST = Pattern.compile("(\\d{1,9})(-\\d+)?");

  private StaleParts() {}

  /** The name of one of this process, beside {@code file}. */
  static Path part(Path file) {
    return file.resolveSibling(prefix(file) + ProcessHandle.current().pid());
  }

  /** Likewise in a directory, where this process may have several. */
  static Path part(Path directory, long number) {
    return directory.resolve(MARK + ProcessHandle.current().pid() + "-" + number);
  }

  private static String prefix(Path file) {
    return "." + file.getFileName() + MARK;
  }

  /** Removes those beside {@code file} whose process has ended. */
  static void remove(Path file) throws IOException {
    remove(file.toAbsolutePath().resolveSibling(""), prefix(file));
  }

  /** Removes those in a directory. */
  static void removeIn(Path directory) throws IOException {
    remove(directory, MARK);
  }

  /** Whether a file is one in a directory, of a process that has ended. */
  static boolean isStale(Path file) {
    String name = file.getFileName().toString();
    return name.startsWith(MARK) && isStale(name.substring(MARK.length()));
  }

  private static void remove(Path directory, String prefix) throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      for (Path one : (Iterable<Path>) all::iterator) {
        String name = one.getFileName().toString();
        if (name.startsWith(prefix) && isStale(name.substring(prefix.length()))) {
          Files.deleteIfExists(one);
        }
      }
    }
  }

  private static boolean isStale(String rest) {
    Matcher part = REST.matcher(rest);
    return part.matches() && ProcessHandle.of(Long.parseLong(part.group(1))).isEmpty();
  }
}
