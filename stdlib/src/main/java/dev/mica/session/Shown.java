package dev.mica.session;

import java.io.ByteArrayOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the terminal of a session shows, for those who watch it and for its recording. Whatever is
 * shown goes to the client first, and waits for none of the others.
 */
public final class Shown {
  /** Of what a session shows while it watches another one its own watchers see nothing. */
  static final ScopedValue<Boolean> WATCHING = ScopedValue.newInstance();

  /** How much waits at most for whoever writes it to have it sent. */
  private static final int MOST_UNSENT = 8 << 10;

  private final String type;
  private final Recent recent = new Recent();

  // Guarded by this.
  private final ByteArrayOutputStream unsent = new ByteArrayOutputStream();
  private final List<Watch> watches = new ArrayList<>();
  private @Nullable Recorder recorder;
  private int columns;
  private int rows;
  private boolean over;

  /**
   * Nothing yet.
   *
   * @param type the terminal's {@code TERM}
   * @param columns and {@code rows}: its size
   */
  public Shown(String type, int columns, int rows) {
    this.type = type;
    this.columns = columns;
    this.rows = rows;
  }

  /** The terminal has that size now. */
  public synchronized void resized(int newColumns, int newRows) {
    pass();
    columns = newColumns;
    rows = newRows;
    if (recorder != null) {
      recorder.resized(columns, rows);
    }
  }

  /** A stream to the client, of which the others see what the client was sent. */
  public OutputStream through(OutputStream client) {
    return new Through(client);
  }

  String type() {
    return type;
  }

  synchronized int columns() {
    return columns;
  }

  synchronized int rows() {
    return rows;
  }

  /** What is shown from now on is recorded, too. */
  synchronized void record(Recorder with) {
    recorder = with;
  }

  synchronized boolean isRecorded() {
    return recorder != null && recorder.isOpen();
  }

  /** How many watch it. */
  synchronized int watches() {
    return watches.size();
  }

  /** A watch that begins with what was shown last. */
  synchronized Watch watch(String of) {
    pass();
    Watch watch = new Watch(of, columns, rows, this::leave);
    byte[] last = recent.bytes();
    watch.show(last, 0, last.length);
    if (over) {
      watch.end();
    } else {
      watches.add(watch);
    }
    return watch;
  }

  private synchronized void leave(Watch watch) {
    watches.remove(watch);
  }

  /** The session has ended, with that exit status. */
  synchronized void end(int status) {
    pass();
    over = true;
    List.copyOf(watches).forEach(Watch::end);
    watches.clear();
    if (recorder != null) {
      recorder.end(status);
    }
  }

  /** A terminal writes byte by byte: each would be an event of its own. */
  private synchronized void add(byte[] bytes, int offset, int length) {
    unsent.write(bytes, offset, length);
    if (unsent.size() >= MOST_UNSENT) {
      pass();
    }
  }

  /** What was written is sent, and shown to the others. */
  private synchronized void pass() {
    byte[] bytes = unsent.toByteArray();
    unsent.reset();
    if (bytes.length > 0) {
      show(bytes, 0, bytes.length);
    }
  }

  /** What is watched in this session is written in one piece, and not passed on. */
  private synchronized void showWatched(byte[] bytes, int offset, int length) {
    pass();
    if (recorder != null) {
      recorder.show(bytes, offset, length);
    }
  }

  private void show(byte[] bytes, int offset, int length) {
    if (recorder != null) {
      recorder.show(bytes, offset, length);
    }
    recent.add(bytes, offset, length);
    watches.removeIf(watch -> !watch.show(bytes, offset, length));
  }

  private final class Through extends FilterOutputStream {
    Through(OutputStream client) {
      super(client);
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
      if (WATCHING.isBound()) {
        showWatched(bytes, offset, length);
      } else {
        add(bytes, offset, length);
      }
    }

    @Override
    public void flush() throws IOException {
      out.flush();
      pass();
    }
  }
}
