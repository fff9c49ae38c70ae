package dev.mica.session;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Somebody watches a session. What they are too slow to take is dropped, and the watch ends. */
public final class Watch implements AutoCloseable {
  /** How many bytes may wait for the one who watches. */
  private static final int MOST = 1 << 20;

  /** How a watch has ended. */
  public enum End {
    /** Whoever watched has left. */
    LEFT,
    /** The session has ended. */
    ENDED,
    /** Whoever watched was too slow. */
    SLOW
  }

  private final String of;
  private final int columns;
  private final int rows;
  private final Consumer<Watch> leave;

  // Guarded by this.
  private final Deque<byte[]> waiting = new ArrayDeque<>();
  private int size;
  private @Nullable End end;

  Watch(String of, int columns, int rows, Consumer<Watch> leave) {
    this.of = of;
    this.columns = columns;
    this.rows = rows;
    this.leave = leave;
  }

  /** Which session it is of. */
  public String session() {
    return of;
  }

  /** The columns of the session's terminal when the watch began. */
  public int columns() {
    return columns;
  }

  /** The rows of the session's terminal when the watch began. */
  public int rows() {
    return rows;
  }

  /** Never waits; false if nothing more is to be shown. */
  synchronized boolean show(byte[] bytes, int offset, int length) {
    if (end == null && size + length > MOST) {
      waiting.clear();
      end = End.SLOW;
    }
    if (end != null) {
      notifyAll();
      return false;
    }
    if (length > 0) {
      waiting.add(Arrays.copyOfRange(bytes, offset, offset + length));
      size += length;
    }
    notifyAll();
    return true;
  }

  /** The session has ended: what waits is still for the one who watches. */
  synchronized void end() {
    end = end == null ? End.ENDED : end;
    notifyAll();
  }

  /** Copies what the session shows, byte by byte, until the watch ends. */
  public End copyTo(OutputStream out) throws IOException, InterruptedException {
    byte[] next = next();
    while (next.length > 0) {
      write(next, out);
      next = next();
    }
    return how();
  }

  private static void write(byte[] bytes, OutputStream out) throws IOException {
    ScopedValue.where(Shown.WATCHING, true)
        .call(() -> {
          out.write(bytes);
          out.flush();
          return true;
        });
  }

  private synchronized End how() {
    return end == null ? End.LEFT : end;
  }

  /** What waits; nothing at the end. */
  private synchronized byte[] next() throws InterruptedException {
    while (waiting.isEmpty() && end == null) {
      wait();
    }
    byte[] next = waiting.poll();
    if (next == null || end == End.LEFT) {
      return new byte[0];
    }
    size -= next.length;
    return next;
  }

  /** Leaves. */
  @Override
  public void close() {
    leave.accept(this);
    synchronized (this) {
      end = end == null ? End.LEFT : end;
      notifyAll();
    }
  }

  @Override
  public String toString() {
    return of;
  }
}
