package dev.mica.shell.attach;

import java.io.IOException;
import java.io.Writer;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.terminal.Terminal;

/**
 * The streams of this process; its terminal is only taken while another is attached to it.
 *
 * @param interactive whether they are a terminal
 */
public record ProcessClient(Streams streams, boolean interactive) implements Client {
  @Override
  public boolean hasTerminal() {
    return interactive;
  }

  @Override
  public int attach(Attachment what, Writer out) throws IOException {
    streams.makeRoom();
    if (interactive && what.hasTerminal()) {
      try (Terminal terminal = Terminals.open(streams.err())) {
        return new TerminalClient(terminal, new AtomicBoolean()).attach(what, out);
      }
    }
    return switch (what) {
      case ConsoleAttachment lines -> new LinesClient(System.in).attach(lines.console(), out);
      case LogAttachment _, ProcessAttachment _, WatchAttachment _ -> pass(what);
    };
  }

  private int pass(Attachment bytes) throws IOException {
    try (SignalForwarder _ = SignalForwarder.ofProcess(bytes)) {
      return new Pipes(Source.ofProcess(), streams.bytes(), streams.err()).attach(bytes);
    }
  }

  @Override
  public String record(Attachment what) throws IOException {
    return !interactive && what instanceof ConsoleAttachment lines
        ? new LinesClient(System.in).record(lines.console())
        : Client.super.record(what);
  }
}
