package dev.mica.vm.stream;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.vm.process.ShortSocketPath;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The input, output and signals of a process in a guest: the host's end of a session of {@code
 * docs/stream-protocol.md}.
 *
 * <p>It has no thread of its own: one thread receives with {@link #run}, and any other may send
 * meanwhile. It buffers one frame in each direction.
 */
public final class ProcessStream implements AutoCloseable {
  private static final int TOKEN = 16;

  /** A number of at most 31 bits. */
  private static final Pattern FACT = Pattern.compile("(?<![^ ])([a-z]+)=([0-9]{1,9})(?![^ ])");

  private static final SecureRandom RANDOM = new SecureRandom();

  private final Frames frames;
  private final byte[] token;
  private final String what;
  private final Allowance allowance = new Allowance();
  private volatile boolean closed;
  private boolean greeted;

  private ProcessStream(Frames frames, byte[] token, String what) {
    this.frames = frames;
    this.token = token;
    this.what = what;
  }

  /** Begins a session with a new token. */
  public static ProcessStream connect(Path socket, String what) {
    byte[] token = new byte[TOKEN];
    RANDOM.nextBytes(token);
    return connect(socket, token, what);
  }

  /**
   * Begins a session with a monitor, which reads our greeting before it sends anything. In errors
   * {@code what} says which process it is.
   *
   * @param token 16 bytes, which the other side gets, too
   */
  public static ProcessStream connect(Path socket, byte[] token, String what) {
    ProcessStream stream = open(socket, token, what);
    boolean _ = stream.greet(); // if this fails, the first read says why
    return stream;
  }

  /**
   * Connects to the port of a guest, which sends the first greeting; {@link #begin} begins the
   * session.
   */
  public static ProcessStream ofPort(Path socket, String what) {
    byte[] token = new byte[TOKEN];
    RANDOM.nextBytes(token);
    return open(socket, token, what);
  }

  private static ProcessStream open(Path socket, byte[] token, String what) {
    if (token.length != TOKEN) {
      throw new IllegalArgumentException("a token of " + token.length + " bytes");
    }
    try {
      Frames frames = ShortSocketPath.with(socket, Frames::connect);
      return new ProcessStream(frames, token.clone(), what);
    } catch (IOException broken) {
      throw MicaException.failed("attach to " + what + " at", socket, Why.of(broken))
          .because(broken);
    }
  }

  /** Sends the greeting, for which a new socket has room. */
  private boolean greet() {
    try {
      return send('H', token, 0, token.length);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      close();
      throw MicaException.failed("attach to", what, "interrupted").because(stop);
    }
  }

  /**
   * Begins the session with a guest that knows the token: waits for its greeting, and then greets
   * it. If we greeted it earlier, our greeting could be dropped with the rest of the session
   * before.
   */
  public void begin() throws IOException, InterruptedException {
    awaitGreeting();
    boolean _ = greet();
  }

  /** The token for the other side, as 32 hexadecimal digits. */
  public String token() {
    return HexFormat.of().formatHex(token);
  }

  /**
   * How the process ended.
   *
   * @param status its exit status
   * @param signal the signal that ended it; 0 if it ended by itself
   * @param oom whether it was killed because there was no memory
   */
  public record Exit(int status, int signal, boolean oom) {
    /** The status as a shell gives it: if a signal ended it, 128 plus the signal's number. */
    public int shellStatus() {
      return signal == 0 ? status : 128 + signal;
    }
  }

  /** Gets what arrives. It may use the bytes until it returns. */
  public interface Listener {
    /** The process was started. */
    default void started(int pid) {}

    /** Bytes of its standard output, or of its terminal. */
    void output(byte[] bytes, int offset, int length) throws IOException;

    /** Bytes of its standard error. */
    void error(byte[] bytes, int offset, int length) throws IOException;
  }

  /** {@link #run(Listener)} with streams, which are flushed after each part. */
  public Exit run(OutputStream out, OutputStream err) throws IOException, InterruptedException {
    return run(new Copy(out, err));
  }

  private record Copy(OutputStream out, OutputStream err) implements Listener {
    @Override
    public void output(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
      out.flush();
    }

    @Override
    public void error(byte[] bytes, int offset, int length) throws IOException {
      err.write(bytes, offset, length);
      err.flush();
    }
  }

  /**
   * Gives {@code listener} what arrives, on this thread, until the process has ended. If it is
   * interrupted, it can be called again, and goes on there.
   *
   * @throws MicaException if the other side goes away before that, or violates the protocol
   * @throws AsynchronousCloseException if this side is closed meanwhile
   * @throws IOException if {@code listener} throws it
   */
  public Exit run(Listener listener) throws IOException, InterruptedException {
    while (true) {
      Frames.Frame frame = next();
      ByteBuffer payload = frame.payload();
      switch (frame.type()) {
        case 'O' -> listener.output(payload.array(), payload.arrayOffset(), payload.remaining());
        case 'E' -> listener.error(payload.array(), payload.arrayOffset(), payload.remaining());
        case 'S' -> listener.started(fact(facts(payload), "pid"));
        case 'W' -> allow(payload);
        case 'X' -> {
          return ended(payload);
        }
        default -> throw refused("a frame of the type " + (int) frame.type());
      }
    }
  }

  private Frames.Frame next() throws IOException, InterruptedException {
    awaitGreeting();
    try {
      return frames.next();
    } catch (Frames.Malformed garbage) {
      throw refused(String.valueOf(garbage.getMessage()));
    } catch (IOException broken) {
      throw lost(broken);
    }
  }

  private void awaitGreeting() throws IOException, InterruptedException {
    if (greeted) {
      return;
    }
    try {
      frames.skipPast('H', token);
      greeted = true;
    } catch (IOException broken) {
      throw lost(broken);
    }
  }

  private void allow(ByteBuffer payload) {
    if (payload.remaining() != Integer.BYTES) {
      throw refused("an allowance of " + payload.remaining() + " bytes");
    }
    allowance.add(Integer.toUnsignedLong(payload.getInt()));
  }

  private Exit ended(ByteBuffer payload) {
    Map<String, Integer> facts = facts(payload);
    Exit exit =
        new Exit(
            fact(facts, "status"),
            facts.getOrDefault("signal", 0),
            facts.getOrDefault("oom", 0) != 0);
    close();
    return exit;
  }

  private int fact(Map<String, Integer> facts, String key) {
    Integer value = facts.get(key);
    if (value == null) {
      throw refused("no " + key + " where one must be");
    }
    return value;
  }

  /** The numbers by their keys; values that are not numbers are left out. */
  private static Map<String, Integer> facts(ByteBuffer payload) {
    Map<String, Integer> facts = new HashMap<>();
    Matcher each = FACT.matcher(StandardCharsets.US_ASCII.decode(payload));
    while (each.find()) {
      facts.put(each.group(1), Integer.parseInt(each.group(2)));
    }
    return facts;
  }

  private MicaException refused(String came) {
    close();
    return stray("the other side sent what is no part of the protocol: " + came);
  }

  private MicaException stray(String why) {
    return MicaException.failed("follow", what, why);
  }

  /** If this side has closed the session itself, that is no failure. */
  private MicaException lost(IOException broken) throws AsynchronousCloseException {
    if (closed) {
      throw (AsynchronousCloseException) new AsynchronousCloseException().initCause(broken);
    }
    close();
    return stray("the other side went away before the process had ended").because(broken);
  }

  /**
   * Sends input as soon as the other side allows it. If it is interrupted, it may have sent a part.
   *
   * @return false if nobody takes input any more; {@link #run} reports the reason
   */
  public boolean input(byte[] bytes, int offset, int length) throws InterruptedException {
    int sent = 0;
    while (sent < length) {
      int some = allowance.take(Math.min(length - sent, Frames.LONGEST));
      if (some == 0 || !send('I', bytes, offset + sent, some)) {
        return false;
      }
      sent += some;
    }
    return true;
  }

  /**
   * Ends the input; at a terminal, what was typed. This and all methods below do not wait until the
   * other side allows it.
   */
  public boolean endInput() throws InterruptedException {
    return send('C', new byte[0], 0, 0);
  }

  /**
   * Gives the terminal that size; a number that does not fit into two bytes becomes the largest
   * that does.
   */
  public boolean resize(int rows, int columns) throws InterruptedException {
    ByteBuffer size = ByteBuffer.allocate(4).putShort(extent(rows)).putShort(extent(columns));
    return send('Z', size.array(), 0, 4);
  }

  private static short extent(int cells) {
    return (short) Math.clamp(cells, 0, 0xffff);
  }

  /**
   * Asks that from now on no output of the process is left out, even if we are slow: then the
   * process waits for us. Returns when that is in force. Only for a monitor, and before {@link
   * #run}.
   */
  public void requireAll() throws IOException, InterruptedException {
    boolean _ = send('R', new byte[0], 0, 0);
    Frames.Frame frame = next();
    while (frame.type() == 'W' || frame.type() == 'S') { // other frames were not asked for yet
      if (frame.type() == 'W') {
        allow(frame.payload());
      }
      frame = next();
    }
    if (frame.type() != 'R') {
      throw refused("a frame of the type " + (int) frame.type());
    }
  }

  /** Sends the process a signal. */
  public boolean signal(int number) throws InterruptedException {
    return send('K', ByteBuffer.allocate(4).putInt(number).array(), 0, 4);
  }

  private boolean send(char type, byte[] payload, int offset, int length)
      throws InterruptedException {
    try {
      frames.send(type, payload, offset, length);
      return true;
    } catch (IOException gone) {
      allowance.end();
      return false;
    }
  }

  /** Ends the session; threads that run or send meanwhile get an error. */
  @Override
  public void close() {
    closed = true;
    allowance.end();
    try {
      frames.close();
    } catch (IOException broken) {
      throw MicaException.failed("detach from", what, Why.of(broken)).because(broken);
    }
  }

  @Override
  public String toString() {
    return what;
  }
}
