package dev.mica.test;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.vm.process.ShortSocketPath;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicLong;

/** The guest's end of the stream protocol, on a unix socket, as a test plays it. */
public final class FakeGuest implements AutoCloseable {
  /** What it does when somebody has connected. */
  public interface Part {
    /** All of it, up to the end of the session. */
    void play(Session session) throws Exception;
  }

  private final ServerSocketChannel server;
  private final FutureTask<Boolean> playing;

  /** Waits at {@code socket} for one client, and plays {@code part} with it. */
  public FakeGuest(Path socket, Part part) {
    try {
      server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      var _ = ShortSocketPath.with(socket, path -> server.bind(UnixDomainSocketAddress.of(path)));
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
    playing = started(() -> play(part));
  }

  private static <T> FutureTask<T> started(Callable<T> what) {
    FutureTask<T> task = new FutureTask<>(what);
    Thread.ofVirtual().start(task);
    return task;
  }

  private boolean play(Part part) throws Exception {
    try (SocketChannel client = server.accept()) {
      part.play(new Session(client));
    }
    return true;
  }

  /** Waits for the end of the part, and fails as it failed. */
  @Override
  public void close() throws IOException {
    try (server) {
      playing.get();
    } catch (ExecutionException failed) {
      throw new AssertionError("the guest failed", failed.getCause());
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }

  /** A frame that came. */
  public static final class Frame {
    private final char type;
    private final byte[] payload;

    private Frame(char type, byte[] payload) {
      this.type = type;
      this.payload = payload;
    }

    /** Its letter. */
    public char type() {
      return type;
    }

    /** What was in it. */
    public byte[] payload() {
      return payload;
    }

    /** The letter, and the payload as text or, where it is none, as numbers. */
    @Override
    public String toString() {
      return switch (type) {
        case 'Z' -> "Z " + numbers().getShort(0) + " " + numbers().getShort(2);
        case 'K' -> "K " + numbers().getInt();
        case 'C' -> "C";
        default -> type + " " + new String(payload, StandardCharsets.ISO_8859_1);
      };
    }

    private ByteBuffer numbers() {
      return ByteBuffer.wrap(payload);
    }
  }

  /** One client's. */
  public static final class Session {
    private static final int LONGEST = 65_536;
    private static final int KEPT = 262_144;

    private final SocketChannel client;
    private final DataInputStream in;
    private byte[] token = new byte[0];
    private final AtomicLong allowed = new AtomicLong();

    private Session(SocketChannel client) {
      this.client = client;
      this.in = new DataInputStream(Channels.newInputStream(client));
    }

    /** Hears the token, and sends nothing. */
    public byte[] hear() throws IOException {
      Frame first = next();
      assertThat(first.type).isEqualTo('H');
      assertThat(first.payload).hasSize(16);
      token = first.payload;
      return token;
    }

    /** Hears the token and answers, and says that the process was started. */
    public void greet() throws IOException {
      hear();
      send('H', token);
      send('S', "pid=42");
    }

    /** The next frame; fails where more input comes than was allowed. */
    public Frame next() throws IOException {
      int type = in.readInt();
      assertThat(type & 0xffffff).isZero();
      int length = in.readInt();
      assertThat(length).isBetween(0, LONGEST);
      Frame frame = new Frame((char) (type >>> 24), in.readNBytes(length));
      if (frame.type == 'I') {
        long left = allowed.addAndGet(-frame.payload.length);
        assertThat(left).as("allowance that is left").isNotNegative();
      }
      return frame;
    }

    /** Waits for the client to hang up; it may do so with something left to read. */
    public void end() throws IOException {
      int next;
      try {
        next = in.read();
      } catch (SocketException reset) {
        next = -1;
      }
      assertThat(next).as("what comes after the end").isEqualTo(-1);
    }

    public void allow(int bytes) throws IOException {
      allowed.addAndGet(bytes);
      send('W', ByteBuffer.allocate(4).putInt(bytes).array());
    }

    public void send(char type, String payload) throws IOException {
      send(type, payload.getBytes(StandardCharsets.ISO_8859_1));
    }

    public void send(char type, byte[] payload) throws IOException {
      raw(frame(type, payload));
    }

    /** Bytes that need be no frame. */
    public void raw(byte[] bytes) throws IOException {
      ByteBuffer out = ByteBuffer.wrap(bytes);
      while (out.hasRemaining()) {
        client.write(out);
      }
    }

    /** Plays {@code cat}: it says what it hears, to the end of it, and keeps what a pipe keeps. */
    public void cat() throws Exception {
      BlockingQueue<Frame> heard = new ArrayBlockingQueue<>(KEPT);
      allow(KEPT);
      FutureTask<Boolean> saying = started(() -> sayAll(heard));
      Frame frame = next();
      while (frame.type == 'I') {
        heard.put(frame);
        frame = next();
      }
      assertThat(frame.type).isEqualTo('C');
      heard.put(frame);
      var _ = saying.get();
      send('X', "status=0");
    }

    private boolean sayAll(BlockingQueue<Frame> heard) throws Exception {
      for (Frame each = heard.take(); each.type == 'I'; each = heard.take()) {
        send('O', each.payload);
        allow(each.payload.length);
      }
      return true;
    }
  }

  /** A frame's bytes. */
  public static byte[] frame(char type, byte[] payload) {
    return ByteBuffer.allocate(8 + payload.length)
        .put((byte) type)
        .put(new byte[3])
        .putInt(payload.length)
        .put(payload)
        .array();
  }
}
