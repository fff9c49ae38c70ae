package dev.mica.state;

import dev.mica.core.Core;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;

/** Changes that are there after a crash or a power cut, whole or not at all. */
public final class Durable {
  private Durable() {}

  /** Makes {@code file} hold {@code bytes}; {@code scratch} is on the same file system. */
  static void write(Path file, byte[] bytes, Path scratch) throws IOException {
    writeWhole(file, bytes, scratch);
    syncParent(file);
  }

  /** Likewise, but after a power cut it may hold what it held before, or be gone. */
  static void writeWhole(Path file, byte[] bytes, Path scratch) throws IOException {
    try {
      writePart(scratch, bytes);
      Files.move(scratch, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException failure) {
      Files.deleteIfExists(scratch); // on a full file system it would keep its inode and blocks
      throw failure;
    }
  }

  /** Makes a file to be renamed afterwards, flushed; its name may be lost. */
  public static void writePart(Path file, byte[] bytes) throws IOException {
    // Not a FileChannel: an interrupted thread would lose the file half way.
    try (FileOutputStream out = new FileOutputStream(file.toFile())) {
      out.write(bytes);
      out.getFD().sync();
    }
  }

  static void delete(Path file) throws IOException {
    if (Files.deleteIfExists(file)) {
      syncParent(file);
    }
  }

  /** Renames; neither is a root. To another file system or mount it fails. */
  public static void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    syncParent(to);
    if (!parent(to).equals(parent(from))) {
      syncParent(from);
    }
  }

  /** Makes a directory and those missing above it, all with {@code mode}; there is fine. */
  public static void makeDirectories(Path directory, String mode) throws IOException {
    if (Files.isDirectory(directory)) {
      return;
    }
    makeDirectories(parent(directory), mode);
    try {
      Files.createDirectory(
          directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(mode)));
    } catch (FileAlreadyExistsException other) {
      if (!Files.isDirectory(directory)) {
        throw other;
      }
    }
    syncParent(directory);
  }

  private static Path parent(Path file) {
    return Objects.requireNonNull(file.getParent(), "a root cannot be made, moved or written");
  }

  /**
   * What was made, renamed or removed at {@code file} stays so. One may change what is in a
   * directory without being allowed to open it.
   */
  public static void syncParent(Path file) throws IOException {
    Path parent = parent(file);
    try {
      syncDirectory(parent);
    } catch (AccessDeniedException closed) {
      Core.sync(Files.isReadable(file) ? file : parent);
    }
  }

  /** fsync(2) of a directory: what was renamed, made or removed in it stays so. */
  public static void syncDirectory(Path directory) throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
          channel.force(true);
          return;
        } catch (ClosedByInterruptException again) {
          interrupted |= Thread.interrupted();
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
