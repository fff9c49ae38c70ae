package dev.mica.shell.attach;

import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.terminal.Terminal;
import org.jspecify.annotations.Nullable;

/**
 * Somebody at the other end of a channel.
 *
 * @param in what they send; nobody else reads it
 * @param terminal theirs, if they have one: then what they send comes by that
 */
public record ChannelClient(
    Streams streams, InputStream in, ChannelSignals signals, @Nullable Terminal terminal)
    implements Client {
  @Override
  public boolean hasTerminal() {
    return terminal != null;
  }

  @Override
  public int attach(Attachment what, Writer out) throws IOException {
    streams.makeRoom();
    if (terminal != null) {
      return new TerminalClient(terminal, new AtomicBoolean()).attach(what, out);
    }
    return switch (what) {
      case ConsoleAttachment lines -> new LinesClient(in).attach(lines.console(), out);
      case LogAttachment _, ProcessAttachment _, WatchAttachment _ -> pass(what);
    };
  }

  private int pass(Attachment bytes) throws IOException {
    try (SignalForwarder _ = SignalForwarder.ofChannel(signals, bytes)) {
      return new Pipes(in::read, streams.bytes(), streams.err()).attach(bytes);
    }
  }

  @Override
  public String record(Attachment what) throws IOException {
    return terminal == null && what instanceof ConsoleAttachment lines
        ? new LinesClient(in).record(lines.console())
        : Client.super.record(what);
  }
}
