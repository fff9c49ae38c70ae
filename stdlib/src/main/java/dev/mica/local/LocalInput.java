package dev.mica.local;

import dev.mica.vm.stream.Frames;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The standard input of a process that has the server run a command. It is asked for nothing before
 * somebody reads, because what it reads from a terminal or a pipe is then missing there.
 */
final class LocalInput extends InputStream {
  private static final int AT_ONCE = 1 << 16;

  private final Frames frames;

  // Guarded by this.
  private final Deque<ByteBuffer> came = new ArrayDeque<>();
  private int here;
  private int asked;
  private boolean over;

  LocalInput(Frames frames) {
    this.frames = frames;
  }

  /** These bytes came. */
  synchronized void add(ByteBuffer bytes) throws IOException {
    if (bytes.remaining() > asked) {
      throw new IOException("more input than was asked for");
    }
    asked -= bytes.remaining();
    here += bytes.remaining();
    came.add(ByteBuffer.allocate(bytes.remaining()).put(bytes).flip());
    notifyAll();
  }

  /** No more will come. */
  synchronized void end() {
    over = true;
    notifyAll();
  }

  /** What was asked for and has not come will not come: the terminal's mode has changed. */
  synchronized void renew() {
    asked = 0;
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
    try {
      ask();
      return await(into, offset, length);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("cancelled").initCause(stop);
    }
  }

  /** Not while this is locked: whoever sends may have to wait for the other side. */
  private void ask() throws IOException, InterruptedException {
    int more;
    synchronized (this) {
      more = over || here + asked > AT_ONCE / 2 ? 0 : AT_ONCE - here - asked;
      asked += more;
    }
    if (more > 0) {
      frames.send('W', ByteBuffer.allocate(4).putInt(more).array(), 0, 4);
    }
  }

  private synchronized int await(byte[] into, int offset, int length) throws InterruptedException {
    while (came.isEmpty() && !over) {
      wait();
    }
    ByteBuffer first = came.peek();
    if (first == null) {
      return -1;
    }
    int got = Math.min(length, first.remaining());
    first.get(into, offset, got);
    here -= got;
    if (!first.hasRemaining()) {
      came.remove();
    }
    return got;
  }

  @Override
  public synchronized int available() {
    return here;
  }
}
