package dev.mica.image;

import dev.mica.job.Activity;
import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/**
 * A blob on its way, for who shows how far it is and for who stops it: any thread may ask and
 * cancel, while one thread moves the bytes.
 */
public final class Transfer implements Activity.Work {
  private final Descriptor blob;
  private volatile long bytes;
  private volatile boolean started;
  private volatile boolean cancelled;

  // Guarded by this.
  private @Nullable Closeable waiting;

  /** Of that blob; nothing has been moved. */
  public Transfer(Descriptor blob) {
    this.blob = blob;
  }

  /** What is moved. */
  public Descriptor blob() {
    return blob;
  }

  @Override
  public long entries() {
    return 0;
  }

  /** How many of its bytes are there, those of an earlier try and of other processes too. */
  @Override
  public long bytes() {
    return bytes;
  }

  /** Whether somebody works at it, or has. */
  public boolean isStarted() {
    return started;
  }

  /** Whether all of its bytes are there. */
  public boolean isDone() {
    return started && bytes == blob.size();
  }

  @Override
  public void cancel() {
    cancelled = true;
    closeWaiting();
  }

  /**
   * Ends the calling thread's work here, if the transfer was cancelled.
   *
   * @throws CancellationException if so; its message is one line
   */
  void check() {
    if (cancelled) {
      throw new CancellationException("cancelled: fetch " + blob.digest());
    }
  }

  /** So many of the bytes are there now. */
  void at(long count) {
    started = true;
    bytes = count;
  }

  /** What the thread is going to wait in: closed by {@link #cancel}. */
  void waitsIn(Closeable stream) {
    synchronized (this) {
      waiting = stream;
    }
    if (cancelled) {
      closeWaiting();
    }
  }

  /** It waits no longer. */
  synchronized void goesOn() {
    waiting = null;
  }

  private void closeWaiting() {
    Closeable stream;
    synchronized (this) {
      stream = waiting;
      waiting = null;
    }
    if (stream != null) {
      try {
        stream.close();
      } catch (IOException broken) {
        return; // it ends the wait all the same
      }
    }
  }
}
