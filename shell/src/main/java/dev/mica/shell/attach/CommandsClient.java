package dev.mica.shell.attach;

import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;

/** The streams of this process where the lines that come in are commands already. */
public record CommandsClient(Streams streams) implements Client {
  @Override
  public int attach(Attachment what, Writer out) throws IOException {
    if (what.takesInput()) {
      throw Client.refused(
          what, "the lines here are commands; give mica the command itself for it");
    }
    try (SignalForwarder _ = SignalForwarder.ofProcess(what)) {
      Source none = into -> InputStream.nullInputStream().read(into);
      return new Pipes(none, streams.bytes(), streams.err()).attach(what);
    }
  }
}
