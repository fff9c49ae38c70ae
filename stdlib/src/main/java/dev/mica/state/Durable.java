package dev.mica.state;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;

/** Writes that are there after a crash, whole or not at all. */
final class Durable {
  private Durable() {}

  /** Makes {@code file} hold {@code bytes}; {@code scratch} is on the same file system. */
  static void write(Path file, byte[] bytes, Path scratch) throws IOException {
    // Not a FileChannel: an interrupted thread would lose the file half way.
    try (FileOutputStream out = new FileOutputStream(scratch.toFile())) {
      out.write(bytes);
      out.getFD().sync();
    }
    Files.move(scratch, file, StandardCopyOption.ATOMIC_MOVE);
    syncDirectory(parent(file));
  }

  static void delete(Path file) throws IOException {
    if (Files.deleteIfExists(file)) {
      syncDirectory(parent(file));
    }
  }

  static void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    syncDirectory(parent(to));
    if (!parent(to).equals(parent(from))) {
      syncDirectory(parent(from));
    }
  }

  private static Path parent(Path file) {
    return Objects.requireNonNull(file.getParent(), "a root cannot be moved or written");
  }

  /** fsync(2) of a directory: what was renamed, made or removed in it stays so. */
  static void syncDirectory(Path directory) throws IOException {
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
