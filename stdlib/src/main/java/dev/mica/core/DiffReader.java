package dev.mica.core;

/** The lines of a running diff, one at a time; to be closed. */
public final class DiffReader implements AutoCloseable {
  DiffReader() {}

  /** Moves to the next line; false at the end. */
  public boolean next() {
    throw new IllegalStateException("not here yet");
  }

  /** The bytes of its path. */
  public byte[] path() {
    throw new IllegalStateException("not here yet");
  }

  /** 1 added, 2 modified, 3 deleted. */
  public int kind() {
    throw new IllegalStateException("not here yet");
  }

  /** The bits {@code MICA_CONTENT} and so on. */
  public int what() {
    throw new IllegalStateException("not here yet");
  }

  /** The letter of what it was; 0 if it was not. */
  public char typeBefore() {
    throw new IllegalStateException("not here yet");
  }

  /** The letter of what it is; 0 if it is not. */
  public char typeAfter() {
    throw new IllegalStateException("not here yet");
  }

  /** Bytes; 0 unless a file or symlink. */
  public long sizeBefore() {
    throw new IllegalStateException("not here yet");
  }

  /** Bytes; 0 unless a file or symlink. */
  public long sizeAfter() {
    throw new IllegalStateException("not here yet");
  }

  @Override
  public void close() {}
}
