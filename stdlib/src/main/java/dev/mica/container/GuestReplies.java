package dev.mica.container;

import dev.mica.failure.MicaException;
import dev.mica.vm.stream.ProcessStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * What a process in a guest writes, for somebody who reads it piece by piece. A thread of its own
 * receives it; a guest that writes more than is read has to wait.
 */
final class GuestReplies implements ProcessStream.Listener, AutoCloseable {
  private static final int WAITING = 4;
  private static final byte[] END = {};

  private final ProcessStream stream;
  private final BlockingQueue<byte[]> parts = new ArrayBlockingQueue<>(WAITING);
  private final Thread receiving;
  private byte[] part = END;
  private int at;
  private volatile boolean over;

  GuestReplies(ProcessStream stream) {
    this.stream = stream;
    this.receiving = Thread.ofVirtual().start(this::receive);
  }

  private void receive() {
    try {
      var _ = stream.run(this);
    } catch (IOException | MicaException gone) {
      over = true; // whoever reads is told that it has ended
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt();
    }
    over = true;
    put(END);
  }

  private void put(byte[] bytes) {
    try {
      parts.put(bytes);
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void output(byte[] bytes, int offset, int length) throws IOException {
    if (length > 0) {
      put(Arrays.copyOfRange(bytes, offset, offset + length));
    }
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("nobody reads any more");
    }
  }

  /** It says there why it ends; the end itself is told. */
  @Override
  public void error(byte[] bytes, int offset, int length) {}

  /** Whether no more will come. */
  boolean isOver() {
    return over;
  }

  /** Waits for as many bytes as there is room for; false: it has ended before. */
  boolean read(byte[] to) throws InterruptedException {
    int done = 0;
    while (done < to.length) {
      if (at == part.length) {
        part = parts.take();
        at = 0;
        if (part.length == 0) {
          put(END); // for the next one who asks
          return false;
        }
      }
      int some = Math.min(part.length - at, to.length - done);
      System.arraycopy(part, at, to, done, some);
      at += some;
      done += some;
    }
    return true;
  }

  @Override
  public void close() {
    receiving.interrupt();
  }
}
