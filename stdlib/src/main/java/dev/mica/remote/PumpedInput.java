package dev.mica.remote;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * What a thread of its own reads from a stream, so that whoever waits for it can be interrupted: a
 * read from the pipe of a process cannot.
 */
public final class PumpedInput extends InputStream {
  private static final int BUFFER = 64 << 10;
  private static final int AHEAD = 8;

  /** Some bytes; none at the end, with the reason if that is none. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Piece(byte[] bytes, Optional<IOException> broken) {
    static final Piece END = new Piece(new byte[0], Optional.empty());
  }

  private final BlockingQueue<Piece> came = new ArrayBlockingQueue<>(AHEAD);
  private final Thread pump;
  private Piece piece = Piece.END;
  private int at;
  private boolean over;

  /** Begins to read {@code from}, which stays open. */
  public PumpedInput(InputStream from) {
    pump = Thread.ofPlatform().daemon().name("mica-peer").start(() -> pump(from));
  }

  private void pump(InputStream from) {
    byte[] buffer = new byte[BUFFER];
    try {
      for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
        if (n > 0) {
          came.put(new Piece(Arrays.copyOf(buffer, n), Optional.empty()));
        }
      }
      came.put(Piece.END);
    } catch (IOException broken) {
      end(broken);
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt(); // nobody reads it any more
    }
  }

  private void end(IOException broken) {
    try {
      came.put(new Piece(new byte[0], Optional.of(broken)));
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt();
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
      if (piece.broken().isPresent()) {
        throw new IOException(piece.broken().get().getMessage(), piece.broken().get());
      }
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
