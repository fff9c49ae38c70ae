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
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/**
 * An archive that is being written: to a stream, or beside where it will be, where nobody else can
 * change it; there it gets its name when it is whole. What is in it is a function of what is put,
 * in that order.
 */
final class TarOut implements AutoCloseable {
  private static final int BUFFER = 1 << 20;

  private final Path target;
  private final Destination destination;
  private final BufferedOutputStream buffered;
  private final TarArchiveOutputStream tar;

  private TarOut(Path target, Destination destination) {
    this.target = target;
    this.destination = destination;
    this.buffered = new BufferedOutputStream(destination.bytes(), BUFFER);
    this.tar = new TarArchiveOutputStream(buffered, "UTF-8");
    tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
  }

  /** Where the bytes go. */
  private interface Destination extends AutoCloseable {
    OutputStream bytes();

    /** All of them have been written. */
    void finish() throws IOException;

    @Override
    void close() throws IOException;
  }

  /** One that will be at {@code target}, where nothing may be yet. */
  static TarOut to(Reached place) {
    Path target = place.named();
    requireFree(place.path(), target);
    OpenDirectory around = place.openParent();
    boolean done = false;
    try {
      TarOut out = new TarOut(target, new Beside(around, target));
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

  /** One that {@code stream} gets, which stays open. */
  static TarOut to(OutputStream stream) {
    return new TarOut(Images.STREAM, new Through(stream));
  }

  private record Through(OutputStream bytes) implements Destination {
    @Override
    public void finish() throws IOException {
      bytes.flush();
    }

    @Override
    public void close() {}
  }

  private static final class Beside implements Destination {
    private final OpenDirectory around;
    private final Path target;
    private final ScratchDirectory scratch;
    private final FileOutputStream file;

    Beside(OpenDirectory around, Path target) throws IOException {
      this.around = around;
      this.target = target;
      this.scratch = new ScratchDirectory(around);
      this.file = new FileOutputStream(part().toFile());
    }

    private Path part() {
      return scratch.path().resolve("archive");
    }

    @Override
    public OutputStream bytes() {
      return file;
    }

    @Override
    public void finish() throws IOException {
      file.getFD().sync();
      Path there = around.path().resolve(target.getFileName());
      requireFree(there, target);
      Durable.move(part(), there);
    }

    @Override
    public void close() throws IOException {
      try (around;
          scratch) {
        file.close();
      }
    }
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

  /** Nothing more comes: a file gets its name, durably. */
  void finish() throws IOException {
    tar.finish();
    buffered.flush(); // the tar's own flush does not reach it
    destination.finish();
  }

  /** The failure of writing it. */
  MicaException failed(IOException broken) {
    return MicaException.failed("save to", target, Why.of(broken)).because(broken);
  }

  @Override
  public void close() {
    try {
      destination.close();
    } catch (IOException broken) {
      throw MicaException.failed("write", target, Why.of(broken)).because(broken);
    }
  }
}
