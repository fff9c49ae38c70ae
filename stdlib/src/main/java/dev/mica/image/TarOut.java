package dev.mica.image;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.Durable;
import java.io.BufferedOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * An archive that is being written, beside where it will be; it gets its name when it is whole.
 * What is in it is a function of what is put, in that order.
 */
final class TarOut implements AutoCloseable {
  private static final int BUFFER = 1 << 20;

  private final Path target;
  private final Path part;
  private final FileOutputStream file;
  private final BufferedOutputStream buffered;
  private final TarArchiveOutputStream tar;

  private TarOut(Path target, Path part, FileOutputStream file) {
    this.target = target;
    this.part = part;
    this.file = file;
    this.buffered = new BufferedOutputStream(file, BUFFER);
    this.tar = new TarArchiveOutputStream(buffered, "UTF-8");
    tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
  }

  /** One that will be at {@code target}, where nothing may be yet. */
  static TarOut to(Path target) {
    requireFree(target);
    Path part = StaleParts.part(target);
    try {
      StaleParts.remove(target);
      return new TarOut(target, part, new FileOutputStream(part.toFile()));
    } catch (IOException broken) {
      throw MicaException.failed("save to", target, Why.of(broken)).because(broken);
    }
  }

  private static void requireFree(Path target) {
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw MicaException.failed("save to", target, "something is there already")
          .hint("choose a path where nothing is yet");
    }
  }

  /** A file of so many bytes. */
  void put(String name, long size, InputStream bytes) throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setSize(size);
    entry.setModTime(0L);
    entry.setMode(0100644);
    tar.putArchiveEntry(entry);
    bytes.transferTo(tar);
    tar.closeArchiveEntry();
  }

  /** Gives the archive its name, durably. */
  void finish() throws IOException {
    tar.finish();
    buffered.flush(); // the tar's own flush does not reach it
    file.getFD().sync();
    requireFree(target);
    Durable.move(part.toAbsolutePath(), target.toAbsolutePath());
  }

  /** The failure of writing it. */
  MicaException failed(IOException broken) {
    return MicaException.failed("save to", target, Why.of(broken)).because(broken);
  }

  @Override
  public void close() {
    try {
      file.close();
      Files.deleteIfExists(part);
    } catch (IOException broken) {
      throw MicaException.failed("remove", part, Why.of(broken)).because(broken);
    }
  }
}
