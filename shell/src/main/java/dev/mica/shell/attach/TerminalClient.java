package dev.mica.shell.attach;

import dev.mica.failure.MicaException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Writer;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.terminal.Attributes;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;

/**
 * Somebody at a terminal. What has a terminal itself gets every key, and echoes it, but for those
 * that detach; what has none gets lines, and the interrupt key as a signal.
 *
 * @param taken whether the keys are for what is attached now, for whoever else looks at them
 */
public record TerminalClient(Terminal terminal, AtomicBoolean taken) implements Client {
  @Override
  public boolean hasTerminal() {
    return true;
  }

  @Override
  public int attach(Attachment what, Writer out) throws IOException {
    taken.set(true);
    try (SignalForwarder _ = SignalForwarder.ofTerminal(terminal, what)) {
      return what.hasTerminal() ? withTerminal(what) : pipes().attach(what);
    } finally {
      taken.set(false);
    }
  }

  private Pipes pipes() {
    OutputStream screen = terminal.output();
    return new Pipes(Keyboard.bytes(terminal), screen, screen);
  }

  private int withTerminal(Attachment what) throws IOException {
    var before = terminal.handle(Terminal.Signal.WINCH, signal -> tellSize(what));
    try {
      tellSize(what);
      return what.takesInput() ? withKeys(what) : pipes().attach(what);
    } finally {
      terminal.handle(Terminal.Signal.WINCH, before);
    }
  }

  private void tellSize(Attachment what) {
    Size size = terminal.getSize();
    try {
      what.resize(size.getRows(), size.getColumns());
    } catch (InterruptedException ending) {
      Thread.currentThread().interrupt();
    }
  }

  private int withKeys(Attachment what) throws IOException {
    int status = 0;
    boolean left;
    Attributes before = terminal.enterRawMode();
    try {
      passAllKeys();
      say(what.greeting());
      try (Pump typing = Pump.ofKeys(Keyboard.bytes(terminal), what)) {
        status = follow(what, typing);
        left = typing.isDetached();
      }
    } finally {
      terminal.setAttributes(before);
    }
    say(what.farewell(left));
    return status;
  }

  /** Ctrl-C and the like are for the other side. */
  private void passAllKeys() {
    Attributes raw = terminal.getAttributes();
    raw.setLocalFlag(Attributes.LocalFlag.ISIG, false);
    terminal.setAttributes(raw);
  }

  private void say(String lines) {
    terminal.writer().print(lines.replace("\n", "\r\n"));
    terminal.flush();
  }

  /** Who leaves leaves well. */
  private int follow(Attachment what, Pump typing) throws IOException {
    try {
      return what.follow(terminal.output(), terminal.output());
    } catch (IOException | MicaException closed) {
      if (typing.isDetached()) {
        return 0;
      }
      throw closed;
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new CancellationException("cancelled");
    }
  }
}
