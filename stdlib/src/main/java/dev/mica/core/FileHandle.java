package dev.mica.core;

import java.util.List;

/** A file, a directory or any entry that is open, here or in a guest. It must be closed. */
public interface FileHandle extends AutoCloseable {
  /** What it is. */
  FileStatus status();

  /**
   * Changes it.
   *
   * @param setId whether it may become a program that sets a user or group ID
   */
  void change(FileChange change, boolean setId);

  /** The space of its file system. */
  FileSpace space();

  /** The text of a symlink. */
  byte[] linkText();

  /** Up to {@code most} bytes from {@code at} on: fewer only at the end. */
  byte[] read(long at, int most);

  /** Writes {@code bytes} at {@code at}. */
  void write(long at, byte[] bytes);

  /** Flushes it. */
  void sync();

  /** The next names of a directory, but "." and ".."; none at the end. */
  List<OpenFile.Entry> next();

  @Override
  void close();
}
