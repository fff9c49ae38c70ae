package dev.mica.folder;

import dev.mica.failure.MicaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Whole files as text: read at once, written so that a reader or a crash never sees half of one.
 */
final class LocalText {
  private LocalText() {}

  static String read(Path file) {
    try {
      return decode(file, Files.readAllBytes(file));
    } catch (OutOfMemoryError e) {
      throw MicaException.failed("read", file, "it is too big for one text").because(e);
    } catch (IOException e) {
      throw Failures.of("read", file, e);
    }
  }

  static String decode(Object file, byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw MicaException.failed("read", file, "it is not UTF-8 text").because(e);
    }
  }

  /**
   * A file that is there keeps its owner and mode; a symlink to one stays and its target is
   * written.
   */
  static void write(Path file, String text) {
    try {
      Path target = Files.isSymbolicLink(file) ? file.toRealPath() : file;
      Path directory = target.getParent();
      if (directory == null || Files.isDirectory(target)) {
        throw MicaException.failed("write", file, "it is a directory");
      }
      Files.createDirectories(directory);
      replace(target, directory.resolve(".mica-" + UUID.randomUUID() + ".new"), text);
      try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
        names.force(true);
      }
    } catch (IOException e) {
      throw Failures.of("write", file, e);
    }
  }

  private static void replace(Path target, Path temporary, String text) throws IOException {
    try {
      fill(temporary, text);
      if (Files.exists(target)) {
        copyOwnerAndMode(target, temporary);
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private static void fill(Path temporary, String text) throws IOException {
    try (FileChannel file =
        FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
      ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
      while (bytes.hasRemaining()) {
        file.write(bytes);
      }
      file.force(true);
    }
  }

  /** Owner first: changing it clears setuid. Only what differs, which may not be ours to set. */
  private static void copyOwnerAndMode(Path from, Path to) throws IOException {
    for (String attribute : new String[] {"unix:gid", "unix:uid", "unix:mode"}) {
      Object wanted = Files.getAttribute(from, attribute);
      if (!wanted.equals(Files.getAttribute(to, attribute))) {
        Files.setAttribute(to, attribute, wanted);
      }
    }
  }
}
