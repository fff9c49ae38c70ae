package dev.mica.vm.stream;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Frames over a channel, in both directions at once. It never blocks in the channel itself, because
 * an interruption would close it: it waits in one selector for each direction.
 */
public final class Frames implements AutoCloseable {
  /** The longest payload of a frame, in bytes. */
  public static final int LONGEST = 65_536;

  private static final int HEADER = 8;

  private final SocketChannel channel;
  private final Selector readable;
  private final Selector writable;
  private final ByteBuffer in = ByteBuffer.allocate(HEADER + LONGEST).flip();

  /** The part of the last frame that is not sent yet, which an interrupted writer has left. */
  private final ByteBuffer out = ByteBuffer.allocate(HEADER + LONGEST).flip();

  private final ReentrantLock writing = new ReentrantLock(true);

  private Frames(SocketChannel channel, Selector readable, Selector writable) {
    this.channel = channel;
    this.readable = readable;
    this.writable = writable;
  }

  /** Connects to the process that listens at {@code socket}. */
  static Frames connect(Path socket) throws IOException {
    return of(
        SocketChannel.open(StandardProtocolFamily.UNIX),
        channel -> {
          if (!channel.connect(UnixDomainSocketAddress.of(socket))) {
            throw new IOException("too many wait for it");
          }
        });
  }

  /** Over a connection that somebody has made to us. It is closed with this, and if this fails. */
  public static Frames of(SocketChannel channel) throws IOException {
    return of(channel, connected -> {});
  }

  private interface Connecting {
    void connect(SocketChannel channel) throws IOException;
  }

  private static Frames of(SocketChannel channel, Connecting connecting) throws IOException {
    Frames frames = new Frames(channel, Selector.open(), Selector.open());
    boolean done = false;
    try {
      channel.configureBlocking(false);
      connecting.connect(channel);
      channel.register(frames.readable, SelectionKey.OP_READ);
      channel.register(frames.writable, SelectionKey.OP_WRITE);
      done = true;
      return frames;
    } finally {
      if (!done) {
        frames.close();
      }
    }
  }

  /**
   * A frame that was received.
   *
   * @param payload its bytes, valid until the next frame is read
   */
  public record Frame(char type, ByteBuffer payload) {}

  /** The bytes that were received are no frame. */
  public static final class Malformed extends IOException {
    private static final long serialVersionUID = 1L;

    Malformed(String why) {
      super(why);
    }
  }

  /** Skips everything up to a frame of that type with exactly that payload, and that frame too. */
  void skipPast(char type, byte[] payload) throws IOException, InterruptedException {
    ByteBuffer wanted = ByteBuffer.allocate(HEADER + payload.length);
    put(wanted, type, payload, 0, payload.length);
    wanted.flip();
    need(wanted.remaining());
    while (!startsWith(wanted)) {
      in.get();
      need(wanted.remaining());
    }
    in.position(in.position() + wanted.remaining());
  }

  private boolean startsWith(ByteBuffer wanted) {
    return in.slice(in.position(), wanted.remaining()).equals(wanted);
  }

  /**
   * The next frame. If it is interrupted, either the frame is complete or nothing of it was read.
   */
  public Frame next() throws IOException, InterruptedException {
    need(HEADER);
    int at = in.position();
    int length = in.getInt(at + 4);
    char type = (char) (in.get(at) & 0xff);
    if (in.getInt(at) << 8 != 0) {
      throw new Malformed("a byte is not zero where zero must be");
    }
    if (length < 0 || length > LONGEST) {
      throw new Malformed("a frame of " + Integer.toUnsignedString(length) + " bytes");
    }
    need(HEADER + length);
    ByteBuffer payload = in.slice(in.position() + HEADER, length);
    in.position(in.position() + HEADER + length);
    return new Frame(type, payload);
  }

  private void need(int bytes) throws IOException, InterruptedException {
    while (in.remaining() < bytes) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      fill();
    }
  }

  private void fill() throws IOException, InterruptedException {
    in.compact();
    int got;
    try {
      got = channel.read(in);
    } finally {
      in.flip();
    }
    if (got < 0) {
      throw new EOFException("the other side hung up");
    }
    if (got == 0) {
      await(readable);
    }
  }

  /** Sends a frame; if it is interrupted, the next call sends the rest of it first. */
  public void send(char type, byte[] payload, int offset, int length)
      throws IOException, InterruptedException {
    writing.lockInterruptibly();
    try {
      flush();
      out.clear();
      put(out, type, payload, offset, length);
      out.flip();
      flush();
    } finally {
      writing.unlock();
    }
  }

  private void flush() throws IOException, InterruptedException {
    while (out.hasRemaining()) {
      if (channel.write(out) == 0) {
        await(writable);
      }
    }
  }

  private static void put(ByteBuffer to, char type, byte[] payload, int offset, int length) {
    to.put((byte) type).put(new byte[3]).putInt(length).put(payload, offset, length);
  }

  private static void await(Selector selector) throws IOException, InterruptedException {
    try {
      selector.select();
      selector.selectedKeys().clear();
    } catch (ClosedSelectorException closed) {
      throw (AsynchronousCloseException) new AsynchronousCloseException().initCause(closed);
    }
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
  }

  /** Closes the channel; threads that wait get an error. */
  @Override
  public void close() throws IOException {
    try (readable;
        writable;
        channel) {
      return;
    }
  }
}
