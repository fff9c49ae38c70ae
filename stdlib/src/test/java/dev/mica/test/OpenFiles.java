package dev.mica.test;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** What this process has open. */
public final class OpenFiles {
  private OpenFiles() {}

  /**
   * What the open descriptors lead to, of those that {@code counts} takes: a path, or {@code
   * socket:[123]} and the like. One that another thread closes meanwhile is not open.
   */
  public static List<Path> that(Predicate<Path> counts) {
    List<Path> open = new ArrayList<>();
    try (var descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path descriptor : descriptors) {
        whereTo(descriptor).filter(counts).ifPresent(open::add);
      }
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
    return open;
  }

  private static Optional<Path> whereTo(Path descriptor) throws IOException {
    try {
      return Optional.of(Files.readSymbolicLink(descriptor));
    } catch (NoSuchFileException closed) {
      return Optional.empty();
    }
  }

  /** Whether {@code leads} is what a descriptor of a socket leads to. */
  public static boolean isSocket(Path leads) {
    return leads.toString().startsWith("socket:");
  }
}
