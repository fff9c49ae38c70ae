package dev.mica.test;

import dev.mica.core.Core;
import dev.mica.core.Mount;
import dev.mica.core.Mounts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;

/** A directory of a test's own, of which nothing is left: no mount, no loop device, no file. */
public final class Scratch implements AutoCloseable {
  private final Path root;

  /** Makes it. */
  public Scratch() {
    this(Path.of(System.getProperty("java.io.tmpdir")));
  }

  /** Makes it in that directory, for its file system's sake. */
  public Scratch(Path in) {
    try {
      root =
          Files.createTempDirectory(
                  in,
                  "mica-test-",
                  PosixFilePermissions.asFileAttribute(
                      PosixFilePermissions.fromString("rwxr-xr-x")))
              .toRealPath();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /** A path in it, which need not be there. */
  public Path path(String relative) {
    return root.resolve(relative);
  }

  /** A directory in it, made. */
  public Path dir(String relative) {
    try {
      return Files.createDirectories(path(relative));
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /** A file in it with that text, and the directories above it. */
  public Path file(String relative, String text) {
    return write(path(relative), text);
  }

  /** A file with that text, and the directories above it. */
  public static Path write(Path file, String text) {
    try {
      Files.createDirectories(file.resolveSibling(""));
      return Files.writeString(file, text);
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /** What a file says. */
  public static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /** Runs a program; fails unless it ends with 0. */
  public static String run(String... command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      String said =
          new String(
              process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new AssertionError(List.of(command) + " says: " + said);
      }
      return said;
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new AssertionError(stop);
    }
  }

  /** A file system of its own at a new directory, gone with the scratch. */
  public Path fileSystem(String name, String type, int megabytes) {
    Path image = path(name + ".img");
    Path at = dir(name);
    run("truncate", "-s", megabytes + "M", image.toString());
    run("mkfs." + type, "-q", image.toString());
    run("mount", "-o", "loop", image.toString(), at.toString());
    return at;
  }

  /** Where something is mounted in it. */
  public List<String> mounts() {
    return Mounts.all().stream()
        .map(Mount::target)
        .filter(target -> target.startsWith(root + "/"))
        .toList();
  }

  /** A union of a helper VM that a test left mounted has frozen the folder that it shared. */
  private void thaw() {
    try (Stream<Path> folders =
        Files.find(
            root,
            3,
            (path, facts) -> facts.isDirectory() && path.toString().endsWith(".mica-guest"))) {
      folders.forEach(Core::unfreeze);
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /**
   * What records the digests of a state directory in here: waits until it has ended, since it keeps
   * file systems busy while it reads them.
   */
  public void awaitDigests() {
    ProcessHandle.allProcesses()
        .filter(process -> process.info().command().orElse("").endsWith("/mica-digest"))
        .filter(this::mayBeOurs)
        .forEach(process -> process.onExit().join());
  }

  /** One that has just begun has no arguments for a moment. */
  private boolean mayBeOurs(ProcessHandle process) {
    String[] arguments = process.info().arguments().orElse(new String[0]);
    return arguments.length == 0
        || Stream.of(arguments).anyMatch(argument -> argument.startsWith(root + "/"));
  }

  @Override
  public void close() {
    awaitDigests();
    Guests.keep(root);
    for (String target : mounts().reversed()) {
      run("umount", target);
    }
    thaw();
    Core.discard(root);
  }
}
