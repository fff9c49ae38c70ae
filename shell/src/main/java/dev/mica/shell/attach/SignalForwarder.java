package dev.mica.shell.attach;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jline.terminal.Terminal;
import org.jline.utils.Signals;

/**
 * Passes signals on to what is attached, as long as this is open. One that is asked to end for the
 * third time is not waited for any more: the thread that made this is interrupted.
 */
final class SignalForwarder implements AutoCloseable {
  static final int PIPE = 13;

  private static final int INT = 2;
  private static final int TERM = 15;

  /** But for those that the JVM needs itself, as QUIT and USR2. */
  private static final Map<String, Integer> OF_PROCESSES =
      Map.of("INT", INT, "TERM", TERM, "HUP", 1, "USR1", 10);

  private static final int PATIENCE = 3;

  private final Attachment to;
  private final Thread client = Thread.currentThread();
  private final AtomicInteger asked = new AtomicInteger();
  private final List<Runnable> undo = new ArrayList<>();

  private SignalForwarder(Attachment to) {
    this.to = to;
  }

  /** Those that this process is sent. */
  static SignalForwarder ofProcess(Attachment to) {
    SignalForwarder forwarder = new SignalForwarder(to);
    OF_PROCESSES.forEach((name, number) -> {
      Object before = Signals.register(name, () -> forwarder.pass(number));
      forwarder.undo.add(() -> Signals.unregister(name, before));
    });
    return forwarder;
  }

  /** Those that somebody at the other end of a channel sends. */
  static SignalForwarder ofChannel(ChannelSignals signals, Attachment to) {
    SignalForwarder forwarder = new SignalForwarder(to);
    signals.to(forwarder::pass);
    forwarder.undo.add(() -> signals.to(null));
    return forwarder;
  }

  /** The terminal's interrupt key. */
  static SignalForwarder ofTerminal(Terminal terminal, Attachment to) {
    SignalForwarder forwarder = new SignalForwarder(to);
    var before = terminal.handle(Terminal.Signal.INT, signal -> forwarder.pass(INT));
    forwarder.undo.add(() -> terminal.handle(Terminal.Signal.INT, before));
    return forwarder;
  }

  private void pass(int number) {
    if ((number == INT || number == TERM) && asked.incrementAndGet() >= PATIENCE) {
      client.interrupt();
      return;
    }
    try {
      to.signal(number);
    } catch (InterruptedException ending) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    undo.forEach(Runnable::run);
  }
}
