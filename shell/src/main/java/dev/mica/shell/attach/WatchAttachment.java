package dev.mica.shell.attach;

import dev.mica.session.Watch;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What another session shows. Nothing is sent to it: Ctrl-C, q and the key that detaches leave, and
 * all others do nothing.
 *
 * @param own what there is to say of the terminal of the one who watches
 * @param ended how the watch has ended
 */
public record WatchAttachment(
    Watch of, AtomicReference<String> own, AtomicReference<Watch.End> ended) implements Attachment {
  private static final byte CTRL = 0x1f;
  private static final byte CTRL_C = 'c' & CTRL;

  /** Colours as usual, and the cursor shown: whoever was watched may have changed both. */
  private static final String USUAL = "\u001b[0m\u001b[?25h";

  /** Watches by {@code of}, which it closes. */
  public static WatchAttachment of(Watch of) {
    return new WatchAttachment(
        of, new AtomicReference<>(""), new AtomicReference<>(Watch.End.LEFT));
  }

  @Override
  public boolean hasTerminal() {
    return true;
  }

  @Override
  public boolean takesInput() {
    return true;
  }

  @Override
  public byte[] detachKeys() {
    return new byte[] {']' & CTRL};
  }

  @Override
  public String greeting() {
    return "watching "
        + of
        + ", "
        + of.columns()
        + "x"
        + of.rows()
        + own.get()
        + "; Ctrl-] leaves\n";
  }

  @Override
  public String farewell(boolean detached) {
    return USUAL
        + switch (ended.get()) {
          case LEFT -> "\nleft; " + of + " goes on\n";
          case ENDED -> "\n" + of + " has ended\n";
          case SLOW -> "\n" + slow() + "\n";
        };
  }

  private String slow() {
    return "cut off, because this side took too little of what " + of + " shows; watch it again";
  }

  @Override
  public int follow(OutputStream out, OutputStream err) throws IOException, InterruptedException {
    ended.set(of.copyTo(out));
    boolean slow = ended.get() == Watch.End.SLOW;
    if (slow && !out.equals(err)) { // at a terminal it is the farewell
      err.write(("mica: " + slow() + "\n").getBytes(StandardCharsets.UTF_8));
    }
    return slow ? 1 : 0;
  }

  @Override
  public boolean type(byte[] bytes, int offset, int length) {
    for (int i = offset; i < offset + length; i++) {
      if (bytes[i] == CTRL_C || bytes[i] == 'q') {
        close();
        return false;
      }
    }
    return true;
  }

  @Override
  public void endInput() {}

  /** A terminal that is smaller than the other one breaks lines where that does not. */
  @Override
  public void resize(int rows, int columns) {
    boolean smaller = rows < of.rows() || columns < of.columns();
    own.set(
        smaller
            ? "; your terminal has " + columns + "x" + rows + ": make it at least as large"
            : "");
  }

  @Override
  public void signal(int number) {
    close();
  }

  @Override
  public void close() {
    of.close();
  }

  @Override
  public String toString() {
    return of.toString();
  }
}
