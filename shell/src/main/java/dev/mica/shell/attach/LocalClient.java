package dev.mica.shell.attach;

import dev.mica.local.LocalVisit;
import java.io.IOException;
import java.io.Writer;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;

/**
 * A process of this host that has another one run its command: as {@link ProcessClient}, but that
 * its streams and its terminal are at the other end of a connection.
 */
public record LocalClient(Streams streams, ChannelSignals signals, LocalVisit visit)
    implements Client {
  @Override
  public boolean hasTerminal() {
    return visit.request().terminal().isInteractive();
  }

  @Override
  public int attach(Attachment what, Writer out) throws IOException {
    streams.makeRoom();
    if (hasTerminal() && what.hasTerminal()) {
      return withTerminal(what, out);
    }
    return switch (what) {
      case ConsoleAttachment lines -> new LinesClient(visit.in()).attach(lines.console(), out);
      case LogAttachment _, ProcessAttachment _, WatchAttachment _ -> pass(what);
    };
  }

  private int withTerminal(Attachment what, Writer out) throws IOException {
    visit.raw(true);
    try (Terminal terminal =
        Terminals.ofChannel(visit.in(), streams.bytes(), visit.request().type(), size())) {
      visit.onResize(() -> {
        terminal.setSize(size());
        terminal.raise(Terminal.Signal.WINCH);
      });
      return new TerminalClient(terminal, new AtomicBoolean()).attach(what, out);
    } finally {
      visit.onResize(() -> {});
      visit.raw(false);
    }
  }

  private Size size() {
    return Terminals.size(visit.rows(), visit.columns());
  }

  private int pass(Attachment bytes) throws IOException {
    try (SignalForwarder _ = SignalForwarder.ofChannel(signals, bytes)) {
      return new Pipes(visit.in()::read, streams.bytes(), streams.err()).attach(bytes);
    }
  }

  @Override
  public String record(Attachment what) throws IOException {
    return !hasTerminal() && what instanceof ConsoleAttachment lines
        ? new LinesClient(visit.in()).record(lines.console())
        : Client.super.record(what);
  }
}
