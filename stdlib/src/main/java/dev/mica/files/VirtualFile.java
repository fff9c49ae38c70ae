package dev.mica.files;

import dev.mica.core.FileChange;
import dev.mica.core.FileHandle;
import dev.mica.core.FileSpace;
import dev.mica.core.FileStatus;
import dev.mica.core.OpenFile;
import java.util.function.Consumer;

/**
 * A file below the virtual root that is open, wherever its name leads to by now. It must be closed.
 */
public final class VirtualFile implements AutoCloseable {
  private static final int PART = 128 << 10;

  private final FileHandle file;

  /** Asks whether it may be changed, and changes it. */
  private final Consumer<FileChange> changing;

  VirtualFile(FileHandle file, Consumer<FileChange> changing) {
    this.file = file;
    this.changing = changing;
  }

  /** Up to {@code most} bytes from {@code at} on: fewer only at the end. */
  public byte[] read(long at, int most) {
    return file.read(at, most);
  }

  /** Writes {@code bytes} at {@code at}, or at the end if it was opened for appending. */
  public void write(long at, byte[] bytes) {
    file.write(at, bytes);
  }

  /** Copies up to {@code most} bytes to another file; how many: 0 at the end. */
  public long copyTo(VirtualFile to, long at, long most, long toAt) {
    if (file instanceof OpenFile from && to.file instanceof OpenFile target) {
      return from.copyTo(target, at, most, toAt);
    }
    byte[] bytes = file.read(at, (int) Math.min(most, PART));
    to.file.write(toAt, bytes);
    return bytes.length;
  }

  /** What it is. */
  public FileStatus status() {
    return file.status();
  }

  /** Changes it. */
  public void change(FileChange change) {
    changing.accept(change);
  }

  /** The space of its file system. */
  public FileSpace space() {
    return file.space();
  }

  /** Flushes it. */
  public void sync() {
    file.sync();
  }

  @Override
  public void close() {
    file.close();
  }
}
