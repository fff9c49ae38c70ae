package dev.mica.image;

import dev.mica.access.Reached;
import dev.mica.core.OpenDirectory;
import dev.mica.core.ScratchDirectory;
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
 * An archive that is being written beside where it will be, where nobody else can change it; it
 * gets its name when it is whole. What is in it is a function of what is put, in that order.
 */
final class TarOut implements AutoCloseable {
  private static final int BUFFER = 1 << 20;

  private final Path target;
  private final OpenDirectory around;
  private final ScratchDirectory scratch;
  private final FileOutputStream file;
  private final BufferedOutputStream buffered;
  private final TarArchiveOutputStream tar;

  private TarOut(Path target, OpenDirectory around) throws IOException {
    this.target = target;
    this.around = around;
    this.scratch = new ScratchDirectory(around);
    this.file = new FileOutputStream(part().toFile());
    this.buffered = new BufferedOutputStream(file, BUFFER);
    this.tar = new TarArchiveOutputStream(buffered, "UTF-8");
    tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
  }

  /** One that will be at {@code target}, where nothing may be yet. */
  static TarOut to(Reached place) {
    Path target = place.named();
    requireFree(place.path(), target);
    OpenDirectory around = place.openParent();
    boolean done = false;
    try {
      TarOut out = new TarOut(target, around);
      done = true;
      return out;
    } catch (IOException broken) {
      throw MicaException.failed("save to", target, Why.of(broken)).because(broken);
    } finally {
      if (!done) {
        around.close();
      }
    }
  }

  private Path part() {
    return scratch.path().resolve("archive");
  }

  private static void requireFree(Path there, Path target) {
    if (Files.exists(there, LinkOption.NOFOLLOW_LINKS)) {
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
    Path there = around.path().resolve(target.getFileName());
    requireFree(there, target);
    Durable.move(part(), there);
  }

  /** The failure of writing it. */
  MicaException failed(IOException broken) {
    return MicaException.failed("save to", target, Why.of(broken)).because(broken);
  }

  @Override
  public void close() {
    try (around;
        scratch) {
      file.close();
    } catch (IOException broken) {
      throw MicaException.failed("write", target, Why.of(broken)).because(broken);
    }
  }
}
