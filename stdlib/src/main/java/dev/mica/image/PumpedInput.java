package dev.mica.image;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * What a thread of its own reads from a stream, so that whoever waits for it can be interrupted: a
 * read from the pipe of a process cannot.
 */
final class PumpedInput extends InputStream {
  private static final int BUFFER = 64 << 10;
  private static final int AHEAD = 8;

  /** Some bytes; none at the end. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Piece(byte[] bytes) {}

  private static final Piece END = new Piece(new byte[0]);

  private final BlockingQueue<Piece> came = new ArrayBlockingQueue<>(AHEAD);
  private final Thread pump;
  private Piece piece = END;
  private int at;
  private boolean over;

  PumpedInput(InputStream from) {
    pump = Thread.ofPlatform().daemon().name("mica-peer").start(() -> pump(from));
  }

  private void pump(InputStream from) {
    byte[] buffer = new byte[BUFFER];
    try {
      for (int n = next(from, buffer); n >= 0; n = next(from, buffer)) {
        if (n > 0) {
          came.put(new Piece(Arrays.copyOf(buffer, n)));
        }
      }
      came.put(END);
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt(); // nobody reads it any more
    }
  }

  /** A stream that breaks is one that ends: what is missing is noticed by whoever counts. */
  private static int next(InputStream from, byte[] buffer) {
    try {
      return from.read(buffer);
    } catch (IOException broken) {
      return -1;
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (at == piece.bytes().length && !over) {
      take();
    }
    if (over) {
      return -1;
    }
    int n = Math.min(length, piece.bytes().length - at);
    System.arraycopy(piece.bytes(), at, into, offset, n);
    at += n;
    return n;
  }

  private void take() throws IOException {
    try {
      piece = came.take();
      at = 0;
      over = piece.bytes().length == 0;
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("cancelled").initCause(stop);
    }
  }

  @Override
  public void close() {
    pump.interrupt();
  }
}
