package dev.mica.local;

import dev.mica.vm.stream.Frames;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A process of the same user that has the server run something: its request, and its streams. */
public final class LocalVisit {
  private static final int LONGEST_REQUEST = 4 << 20;

  private final Frames frames;
  private final LocalInput in;
  private final LocalOutput out;
  private final LocalOutput err;

  /** Tells of signals and sizes in their order; whoever is told may have to wait. */
  private final ExecutorService teller =
      Executors.newSingleThreadExecutor(Thread.ofVirtual().factory());

  private @Nullable LocalRequest request;
  private volatile int rows;
  private volatile int columns;
  private volatile Consumer<Integer> signalled = number -> {};
  private volatile Runnable resized = () -> {};

  // Guarded by this.
  private @Nullable Runnable leaving;
  private boolean left;

  LocalVisit(Frames frames) {
    this.frames = frames;
    this.in = new LocalInput(frames);
    this.out = new LocalOutput(frames, 'O');
    this.err = new LocalOutput(frames, 'E');
  }

  /** Reads what it asks for. */
  LocalRequest readRequest() throws IOException, InterruptedException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (Frames.Frame frame = next('Q'); frame.payload().hasRemaining(); frame = next('Q')) {
      ByteBuffer piece = frame.payload();
      if (bytes.size() + piece.remaining() > LONGEST_REQUEST) {
        throw new IOException("a request that is too long");
      }
      bytes.write(piece.array(), piece.arrayOffset(), piece.remaining());
    }
    LocalRequest is = LocalRequest.of(bytes.toByteArray());
    rows = is.rows();
    columns = is.columns();
    request = is;
    return is;
  }

  private Frames.Frame next(char type) throws IOException, InterruptedException {
    Frames.Frame frame = frames.next();
    if (frame.type() != type) {
      throw new IOException("a frame of the type " + (int) frame.type() + ", and not " + type);
    }
    return frame;
  }

  /** It is to run it itself. */
  void refuse() throws IOException, InterruptedException {
    send('N', new byte[0]);
  }

  /**
   * Has it run, once the other side has said that it waits: one that has given up meanwhile runs it
   * itself.
   */
  void run(LocalReceiver receiver) throws IOException, InterruptedException {
    send('Y', new byte[0]);
    Frames.Frame _ = next('G');
    Thread listening = Thread.ofVirtual().name("mica-local-listen").start(this::listen);
    int status = receiver.receive(this);
    boolean _ = Thread.interrupted(); // whoever interrupted it meant what it did
    listening.interrupt();
    teller.shutdownNow();
    send('X', ("status=" + status).getBytes(StandardCharsets.US_ASCII));
  }

  /** Takes what the other side sends meanwhile. */
  private void listen() {
    try {
      while (true) {
        take(frames.next());
      }
    } catch (IOException | BufferUnderflowException | RejectedExecutionException gone) {
      leave();
    } catch (InterruptedException over) {
      Thread.currentThread().interrupt();
    }
  }

  private void take(Frames.Frame frame) throws IOException {
    ByteBuffer payload = frame.payload();
    switch (frame.type()) {
      case 'I' -> in.add(payload);
      case 'C' -> in.end();
      case 'B' -> out.breakOff();
      case 'K' -> signal(payload.getInt());
      case 'Z' -> resize(payload.getShort(), payload.getShort());
      default -> throw new IOException("a frame of the type " + (int) frame.type());
    }
  }

  private void signal(int number) {
    Consumer<Integer> told = signalled;
    teller.execute(() -> told.accept(number));
  }

  private void resize(short tall, short wide) {
    rows = Short.toUnsignedInt(tall);
    columns = Short.toUnsignedInt(wide);
    teller.execute(resized);
  }

  /** The other side has gone, or the server is ending: what runs is told, once. */
  void leave() {
    Runnable told;
    synchronized (this) {
      told = left ? null : leaving;
      left = true;
    }
    out.breakOff();
    err.breakOff();
    in.end();
    if (told != null) {
      told.run();
    }
  }

  /** What it has asked for. */
  public LocalRequest request() {
    return Objects.requireNonNull(request);
  }

  /** Its standard input. Nothing is read there before somebody reads here. */
  public InputStream in() {
    return in;
  }

  /** Its standard output. Writing blocks while it takes none, and fails when nobody does. */
  public OutputStream out() {
    return out;
  }

  /** Its standard error, which behaves like the standard output. */
  public OutputStream err() {
    return err;
  }

  /** How many rows its terminal has now; 0 without one. */
  public int rows() {
    return rows;
  }

  /** How many columns its terminal has now; 0 without one. */
  public int columns() {
    return columns;
  }

  /**
   * Has its terminal pass each key as it is typed, or be as the user had it. What was read from it
   * before is not affected.
   */
  public void raw(boolean wanted) throws IOException {
    try {
      in.renew();
      send('M', ByteBuffer.allocate(4).putInt(wanted ? 1 : 0).array());
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("cancelled").initCause(stop);
    }
  }

  /** Calls {@code hear} with the number of each signal that it gets, one after the other. */
  public void onSignal(Consumer<Integer> hear) {
    signalled = hear;
  }

  /** Runs {@code hear} at each new size of its terminal. */
  public void onResize(Runnable hear) {
    resized = hear;
  }

  /** Runs {@code leave} when it goes before the end; at once if it has already. */
  public void onLeave(Runnable leave) {
    boolean gone;
    synchronized (this) {
      gone = left;
      leaving = leave;
    }
    if (gone) {
      leave.run();
    }
  }

  private void send(char type, byte[] payload) throws IOException, InterruptedException {
    frames.send(type, payload, 0, payload.length);
  }
}
