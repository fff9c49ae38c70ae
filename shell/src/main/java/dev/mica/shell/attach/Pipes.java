package dev.mica.shell.attach;

import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.CancellationException;

/** Streams that are passed on byte by byte, with no terminal between. */
record Pipes(Source in, OutputStream out, OutputStream err) {
  /** Until what is attached ends; its exit status. */
  int attach(Attachment what) throws IOException {
    try {
      if (!what.takesInput()) {
        what.endInput();
        return what.follow(out, err);
      }
      try (Pump typing = Pump.ofBytes(in, what)) {
        int status = what.follow(out, err);
        typing.check();
        return status;
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new CancellationException("cancelled");
    }
  }
}
