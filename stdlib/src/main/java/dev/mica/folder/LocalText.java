package dev.mica.folder;

import dev.mica.access.Caller;
import dev.mica.access.Reached;
import dev.mica.core.Core;
import dev.mica.core.OpenDirectory;
import dev.mica.core.ScratchDirectory;
import dev.mica.failure.MicaException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Whole files as text: read at once, written so that a reader or a crash never sees half of one.
 */
final class LocalText {
  private LocalText() {}

  static String read(Reached file) {
    try {
      return decode(file.named(), Files.readAllBytes(file.path()));
    } catch (OutOfMemoryError e) {
      throw MicaException.failed("read", file.named(), "it is too big for one text").because(e);
    } catch (IOException e) {
      throw Failures.of("read", file.named(), e);
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
  static void write(Caller caller, Path file, String text) {
    try {
      Path target = Files.isSymbolicLink(file) ? file.toRealPath() : file;
      Path directory = target.getParent();
      if (directory == null || Files.isDirectory(target)) {
        throw MicaException.failed("write", file, "it is a directory");
      }
      try (Reached made = caller.reachMade(directory)) {
        replace(target, made, text);
      }
    } catch (IOException e) {
      throw Failures.of("write", file, e);
    }
  }

  /** Somebody else may own the directory: what gets their owner and mode is out of their reach. */
  private static void replace(Path target, Reached directory, String text) throws IOException {
    try (OpenDirectory around = OpenDirectory.of(directory.path().resolve("."), directory.named());
        ScratchDirectory scratch = scratch(around, target)) {
      Path written = scratch.path().resolve("text");
      Path there = around.path().resolve(target.getFileName());
      fill(written, text);
      if (Files.exists(there, LinkOption.NOFOLLOW_LINKS)) {
        copyOwnerAndMode(there, written);
      }
      Files.move(written, there, StandardCopyOption.ATOMIC_MOVE);
      Core.syncDirectory(around.path());
    }
  }

  private static ScratchDirectory scratch(OpenDirectory around, Path target) {
    try {
      return new ScratchDirectory(around);
    } catch (MicaException refused) {
      MicaException failed =
          refused.kind() == MicaException.Kind.DENIED
              ? MicaException.denied("write", target, refused.why())
                  .hint("run it as root, or as the owner")
              : MicaException.failed("write", target, refused.why());
      throw failed.because(refused);
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
      Object wanted = Files.getAttribute(from, attribute, LinkOption.NOFOLLOW_LINKS);
      if (!wanted.equals(Files.getAttribute(to, attribute))) {
        Files.setAttribute(to, attribute, wanted);
      }
    }
  }
}
