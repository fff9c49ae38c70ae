package dev.mica.test;

import dev.mica.core.Core;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * What guests are started from, shared by state directories: a booted guest's template takes three
 * seconds of a processor to make, and nearly each test has a state directory of its own. It is
 * shared in the directory that {@code MICA_TEST_GUESTS} names, on the file system of the tests, and
 * not at all without that.
 *
 * <p>The files are hard links: for a test that damages them this is not the place.
 */
public final class Guests {
  private static final Set<Path> SHARING = ConcurrentHashMap.newKeySet();

  private Guests() {}

  /** Lets the state directory, which need not exist, begin with what others have left. */
  public static void into(Path home) {
    String shared = System.getenv("MICA_TEST_GUESTS");
    if (shared == null || Files.exists(home.resolve("cache"))) {
      return;
    }
    try {
      if (!device(home.resolveSibling("")).equals(device(Path.of(shared)))) {
        return;
      }
      SHARING.add(home);
      if (!Files.exists(home)) {
        Files.createDirectory(
            home,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
      link(Path.of(shared), home.resolve("cache"));
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /** What a guest's settings are read from: with emulation and, if one is known, the kernel. */
  public static Map<String, String> environment(String... more) {
    Map<String, String> environment = new HashMap<>(Map.of("MICA_ACCEL", "tcg"));
    Optional.ofNullable(System.getenv("MICA_KERNEL"))
        .ifPresent(kernel -> environment.put("MICA_KERNEL", kernel));
    for (int i = 0; i < more.length; i += 2) {
      environment.put(more[i], more[i + 1]);
    }
    return environment;
  }

  private static Object device(Path path) throws IOException {
    return Files.getAttribute(path, "unix:dev");
  }

  /** Leaves to others what guests of the state directories in there were started from. */
  public static void keep(Path scratch) {
    for (Path home : List.copyOf(SHARING)) {
      if (home.startsWith(scratch) && SHARING.remove(home)) {
        Path cache = home.resolve("cache");
        try {
          if (Files.exists(cache)) {
            link(cache, Path.of(System.getenv("MICA_TEST_GUESTS")));
          }
        } catch (IOException broken) {
          throw new UncheckedIOException(broken);
        }
      }
    }
  }

  /** What is there already stays; a directory comes whole or not at all. */
  private static void link(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> all = Files.list(from)) {
      for (Path each : all.filter(Guests::isWhole).toList()) {
        Path there = to.resolve(each.getFileName());
        if (Files.isRegularFile(each)) {
          linkFile(each, there);
        } else if (!Files.exists(there)) {
          linkDirectory(each, there);
        }
      }
    }
  }

  private static boolean isWhole(Path file) {
    return Stream.of("vmlinux-", "initramfs-", "template-")
        .anyMatch(prefix -> file.getFileName().toString().matches(prefix + "[^.]*(\\.cpio)?"));
  }

  private static void linkDirectory(Path from, Path to) throws IOException {
    Path scratch = Files.createTempDirectory(to.resolveSibling(""), ".making-");
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        linkFile(file, scratch.resolve(file.getFileName()));
      }
      Files.move(scratch, to);
    } catch (FileAlreadyExistsException others) {
      Core.remove(scratch); // made by another test meanwhile
    }
  }

  private static void linkFile(Path from, Path to) throws IOException {
    try {
      Files.createLink(to, from);
    } catch (FileAlreadyExistsException others) {
      // it is named after what it was made of, so it is the same
    }
  }
}
