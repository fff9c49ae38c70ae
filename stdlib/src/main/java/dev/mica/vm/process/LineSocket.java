package dev.mica.vm.process;

import dev.mica.failure.Why;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Lines over a unix socket, each waited for no longer than it may take. */
public final class LineSocket implements AutoCloseable {
  private static final int LONGEST_LINE = 4 << 20;

  private final SocketChannel channel;
  private final Selector selector;
  private final ByteBuffer in = ByteBuffer.allocate(64 * 1024).flip();
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();

  private LineSocket(SocketChannel channel, Selector selector) {
    this.channel = channel;
    this.selector = selector;
  }

  /** Connects, whatever the length of the path. Fails where too many wait for the other side. */
  public static LineSocket connect(Path socket) throws IOException {
    return ShortSocketPath.with(socket, LineSocket::open);
  }

  private static LineSocket open(Path socket) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.configureBlocking(false); // or it waits for ever where the other side stands still
      channel.connect(UnixDomainSocketAddress.of(socket));
      Selector selector = Selector.open();
      channel.register(selector, SelectionKey.OP_READ);
      return new LineSocket(channel, selector);
    } catch (IOException broken) {
      channel.close();
      throw broken;
    }
  }

  /** Sends a line; {@code deadline} is in {@link System#nanoTime}. */
  public void send(String text, long deadline) throws IOException {
    ByteBuffer out = ByteBuffer.wrap((text + "\n").getBytes(StandardCharsets.UTF_8));
    while (out.hasRemaining()) {
      if (channel.write(out) == 0) {
        await(SelectionKey.OP_WRITE, deadline);
      }
    }
  }

  /** The next line without its end. */
  public String receive(long deadline) throws IOException {
    while (true) {
      while (in.hasRemaining()) {
        byte next = in.get();
        if (next == '\n') {
          String text = line.toString(StandardCharsets.UTF_8);
          line.reset();
          return text;
        }
        line.write(next);
        if (line.size() > LONGEST_LINE) {
          throw new IOException("a line of more than " + LONGEST_LINE + " bytes came");
        }
      }
      fill(deadline);
    }
  }

  private void fill(long deadline) throws IOException {
    int got = read();
    while (got == 0) {
      await(SelectionKey.OP_READ, deadline);
      got = read();
    }
    if (got < 0) {
      throw new IOException("the other side hung up");
    }
  }

  /** Nobody who comes after a failure finds what was there before. */
  private int read() throws IOException {
    in.clear();
    try {
      return channel.read(in);
    } finally {
      in.flip();
    }
  }

  private void await(int what, long deadline) throws IOException {
    channel.keyFor(selector).interestOps(what);
    long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
    if (left <= 0) {
      throw new SocketTimeoutException("no answer in time");
    }
    selector.select(left);
    selector.selectedKeys().clear();
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("interrupted");
    }
  }

  @Override
  public void close() {
    try (selector;
        channel) {
      return; // closing tells QEMU; what it thinks of that is nobody's concern
    } catch (IOException gone) {
      throw new IllegalStateException(Why.of(gone), gone);
    }
  }

  /** The moment that is so far from now. */
  public static long in(Duration time) {
    return System.nanoTime() + time.toNanos();
  }
}
