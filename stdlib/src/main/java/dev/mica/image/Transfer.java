package dev.mica.image;

import dev.mica.job.Activity;
import java.util.concurrent.CancellationException;

/**
 * A blob on its way: one thread moves its bytes, any other may ask how far it is, and cancel. What
 * waits for the network is ended by an interruption of the thread besides.
 */
final class Transfer implements Activity.Work {
  private final Descriptor blob;
  private volatile long bytes;
  private volatile boolean started;
  private volatile boolean cancelled;

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

  /** How many of its bytes are where they are to be, those of an earlier try too. */
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
  }

  /**
   * Ends the calling thread's work here, if the transfer was cancelled or the thread interrupted.
   *
   * @throws CancellationException if so; its message is one line
   */
  void check() {
    if (cancelled || Thread.currentThread().isInterrupted()) {
      throw new CancellationException("cancelled: transfer " + blob.digest());
    }
  }

  /** So many of the bytes are there now. */
  void at(long count) {
    started = true;
    bytes = count;
  }
}
