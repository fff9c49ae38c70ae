package dev.mica.test;

import dev.mica.core.Core;
import dev.mica.core.Tree;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Runs Mica as a user without privilege, from root: nobody, with a home of its own, in a mount
 * namespace where {@code /dev/fuse} is open to all, as it is on most machines.
 */
public final class Nobody {
  private static final String BECOME =
      """
      set -e
      mount --make-rprivate /
      # A union of a test beside this one would be held, and could not be rotated. That test may
      # remove the folder just now, and the mount here goes with it.
      awk -v own="${1%/*}/" 'index($5, "/mica-test-") && index($5, own) != 1 { print $5 }' \
          /proc/self/mountinfo | sort -r | while read -r other; do
        umount -l "$other" 2>/dev/null || ! grep -F " $other " /proc/self/mountinfo >&2
      done
      if [ -e /dev/fuse ]; then
        mount -t tmpfs devices "$1/dev"
        mknod -m 666 "$1/dev/fuse" c 10 229
        mount --bind "$1/dev/fuse" /dev/fuse
      fi
      shift
      exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
      """;

  private final Path home;

  /** With what it needs copied to {@code scratch}, which everybody may enter. */
  public Nobody(Path scratch) {
    home = scratch.resolve("nobody");
    try {
      Files.createDirectories(home.resolve("dev"));
      Files.createDirectories(home.resolve("tmp"));
      for (Path own : List.of(home, home.resolve("tmp"))) {
        Files.setAttribute(own, "unix:uid", 65534);
        Files.setAttribute(own, "unix:gid", 65534);
      }
      copy(core(), home.resolve("libmica.so"));
      int number = 0;
      for (String entry : classPath()) {
        copy(Path.of(entry), home.resolve("cp" + number++));
      }
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  private static Path core() {
    return Path.of(System.getProperty("mica.core"));
  }

  private static List<String> classPath() {
    return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(entry -> new File(entry).exists())
        .toList();
  }

  private static void copy(Path from, Path to) throws IOException {
    if (Files.isDirectory(from)) {
      Core.capture(Tree.EMPTY, Tree.plain(from.toRealPath()), to, Set.of());
    } else {
      Files.copy(from, to);
    }
    Scratch.run("chmod", "-R", "a+rX", to.toString());
  }

  /** The home directory, nobody's. */
  public Path home() {
    return home;
  }

  /** A JVM with this one's class path that runs {@code main}; not started. */
  public ProcessBuilder java(String main, List<String> arguments) {
    String classes =
        Stream.iterate(0, n -> n + 1)
            .limit(classPath().size())
            .map(n -> home.resolve("cp" + n).toString())
            .collect(Collectors.joining(File.pathSeparator));
    List<String> command =
        new ArrayList<>(List.of("unshare", "--mount", "sh", "-c", BECOME, "sh", home.toString()));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(Child.QUICK);
    command.add("-Dmica.core=" + home.resolve("libmica.so"));
    command.add("-Djava.io.tmpdir=" + home.resolve("tmp"));
    command.addAll(List.of("-cp", classes, main));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).directory(home.toFile());
    builder.environment().put("HOME", home.toString());
    builder.environment().keySet().removeIf(Nobody::isOurs);
    return builder;
  }

  private static boolean isOurs(String variable) {
    return variable.startsWith("MICA_") || variable.startsWith("XDG_");
  }
}
