package dev.mica.union;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * Mounts that other mount namespaces see: a container started while a union was mounted keeps a
 * copy of it, which umount(2) here neither removes nor minds.
 */
final class Namespaces {
  private Namespaces() {}

  /** Whether some process's namespace other than ours has the union mounted. */
  static boolean mountElsewhere(UnionRecord union) {
    String column = " " + union.source() + " ";
    Set<Path> seen = new HashSet<>();
    seen.add(namespace(Path.of("/proc/self")));
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : processes) {
        if (seen.add(namespace(process)) && mountinfo(process).contains(column)) {
          return true;
        }
      }
      return false;
    } catch (IOException unreadable) {
      return true; // cannot be ruled out
    }
  }

  private static Path namespace(Path process) {
    try {
      return Files.readSymbolicLink(process.resolve("ns/mnt"));
    } catch (IOException goneOrNotOurs) {
      return Path.of("");
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
