package dev.mica.image;

import dev.mica.core.Sha256;
import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;

/**
 * A blob as far as it has been fetched, and its digest so far. What an earlier try has left is read
 * again for that: a process that was killed may have left anything.
 */
final class Part implements Closeable {
  private static final int BUFFER = 256 << 10;

  // Not a FileChannel: an interrupted thread would lose the file half way.
  private final RandomAccessFile file;
  private Sha256 hash = new Sha256();
  private long length;

  private Part(RandomAccessFile file) {
    this.file = file;
  }

  /** Opens it, makes it where it is not there, and reads what is in it, at most {@code size}. */
  static Part open(Path path, long size, Transfer transfer) throws IOException {
    RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
    boolean done = false;
    Part part = new Part(file);
    try {
      if (file.length() > size) {
        file.setLength(0);
      }
      part.readAgain(transfer);
      done = true;
      return part;
    } finally {
      if (!done) {
        part.close();
      }
    }
  }

  private void readAgain(Transfer transfer) throws IOException {
    byte[] buffer = new byte[BUFFER];
    for (int n = file.read(buffer); n > 0; n = file.read(buffer)) {
      transfer.check();
      hash.add(buffer, n);
      length += n;
      transfer.at(length);
    }
  }

  /** How many bytes it has. */
  long length() {
    return length;
  }

  /** Has so many more of the blob's bytes. */
  void append(byte[] bytes, int count) throws IOException {
    file.write(bytes, 0, count);
    hash.add(bytes, count);
    length += count;
  }

  /** The digest of what it has; only once. */
  String digest() {
    return hash.digest();
  }

  /** Drops all that it has. */
  void clear() throws IOException {
    file.setLength(0);
    file.seek(0);
    hash.close();
    hash = new Sha256();
    length = 0;
  }

  /** fsync(2): what it has survives a power cut. */
  void sync() throws IOException {
    file.getFD().sync();
  }

  @Override
  public void close() throws IOException {
    hash.close();
    file.close();
  }
}
