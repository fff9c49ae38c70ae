package dev.mica.shell.attach;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import org.jline.nativ.CLibrary;
import org.jline.terminal.Attributes;
import org.jline.terminal.Terminal;
import org.jline.terminal.spi.TerminalExt;

/**
 * The keys of a terminal that several read in turn: the line editor while a line is typed, and
 * while it runs whatever it runs. Between lines the terminal is as the user had it.
 *
 * <p>Nobody may be left behind in a read of the process's own terminal, for he would take a key
 * that is meant for the next one. JLine leaves a thread there after each look that has a time
 * limit; so a look is made by poll(2) here, and only what is there is read.
 */
public final class Keyboard {
  private static final int STDIN = 0;

  /** Past JLine, which makes characters of what is no UTF-8. */
  private static final InputStream KEYS = new FileInputStream(FileDescriptor.in);

  private static final long FIONBIO = 0x5421;

  private final Terminal terminal;
  private final Attributes users;

  /** That of {@code terminal}, which is as the user had it. */
  public Keyboard(Terminal terminal) {
    this.terminal = terminal;
    this.users = terminal.getAttributes();
  }

  /** What came, or nothing, in that time; the end of all keys counts as coming. */
  public static boolean hasKey(Terminal terminal, int millis) throws IOException {
    if (isProcesses(terminal)) {
      return hasInput(millis);
    }
    refuseInterrupted();
    return terminal.reader().peek(Math.max(1, millis)) != -2;
  }

  /** The same of the process's standard input, whatever it is. */
  static boolean hasInput(int millis) throws IOException {
    refuseInterrupted();
    return CLibrary.pollForInput(STDIN, millis) > 0;
  }

  private static void refuseInterrupted() throws InterruptedIOException {
    if (Thread.interrupted()) {
      throw new InterruptedIOException("cancelled");
    }
  }

  /** The keys of a terminal as the bytes that they send. */
  static Source bytes(Terminal terminal) {
    return into -> {
      if (!hasKey(terminal, Source.TICK_MILLIS)) {
        return 0;
      }
      return isProcesses(terminal) ? KEYS.read(into) : read(terminal.reader(), into);
    };
  }

  /** One character, which may be two of Java's. */
  private static int read(Reader reader, byte[] into) throws IOException {
    int key = reader.read();
    if (key < 0) {
      return -1;
    }
    String typed = Character.toString(key);
    if (Character.isHighSurrogate((char) key)) {
      typed += (char) reader.read();
    }
    byte[] bytes = typed.getBytes(StandardCharsets.UTF_8);
    System.arraycopy(bytes, 0, into, 0, bytes.length);
    return bytes.length;
  }

  /** Whether it is the process's own terminal, and no virtual one. */
  private static boolean isProcesses(Terminal terminal) {
    return terminal instanceof TerminalExt own && own.getSystemStream() != null;
  }

  /** Whatever ran before, the terminal is the user's again. */
  public void restore() {
    terminal.setAttributes(users);
  }

  /** The key that interrupts. */
  public char interrupt() {
    return (char) users.getControlChar(Attributes.ControlChar.VINTR);
  }

  /**
   * Takes what was typed and not read: behind the Enter that ended a line, while the line editor
   * still had the terminal, or while the line ran. It is for the next line, but for a Ctrl-C of
   * before: that was no signal then, only a key.
   */
  public String typed() throws IOException {
    StringBuilder typed = new StringBuilder();
    while (hasKey(terminal, 0)) {
      int key = terminal.reader().read();
      if (key < 0) { // a Ctrl-D, or the terminal is gone: both end the conversation
        return typed.append((char) users.getControlChar(Attributes.ControlChar.VEOF)).toString();
      }
      typed.append((char) key);
    }
    return typed.toString();
  }

  /**
   * Ends each read of the terminal by this process that waits for keys: Java cannot interrupt one.
   * As long as {@code meanwhile} runs, the terminal answers that there is nothing to read.
   */
  public <X extends Exception> void refuse(Waiting<X> meanwhile) throws X {
    if (!isProcesses(terminal)) {
      meanwhile.await();
      return;
    }
    CLibrary.ioctl(STDIN, FIONBIO, new int[] {1});
    try {
      restore(); // setting attributes wakes those who wait; they look, and are refused
      meanwhile.await();
    } finally {
      CLibrary.ioctl(STDIN, FIONBIO, new int[] {0});
    }
  }

  /** Waits for those who read to notice. */
  @FunctionalInterface
  public interface Waiting<X extends Exception> {
    void await() throws X;
  }
}
