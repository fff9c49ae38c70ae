package dev.mica.shell.attach;

import dev.mica.failure.MicaException;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;

/** Where data and talk go. A reader that left is {@link OutputClosed}, a full disk a failure. */
public final class Streams {
  private static final int BUFFER = 1 << 16;

  private final OutputStream bytes;
  private final PrintStream out;
  private final PrintStream err;
  private final TerminalFormat terminalFormat;
  private Runnable beforeData = () -> {};

  public Streams(PrintStream out, PrintStream err, TerminalFormat terminalFormat) {
    this(out, out, err, terminalFormat);
  }

  private Streams(
      OutputStream bytes, PrintStream out, PrintStream err, TerminalFormat terminalFormat) {
    this.bytes = bytes;
    this.out = out;
    this.err = err;
    this.terminalFormat = terminalFormat;
  }

  /**
   * The process's own; also what {@code System.out} is from now on. Lines appear at a terminal as
   * they are printed; elsewhere bytes are collected, and whoever waits for work flushes now and
   * again.
   */
  public static Streams ofProcess() {
    Checked raw = new Checked(new FileOutputStream(FileDescriptor.out), Checked::explain);
    TerminalFormat terminalFormat = Terminals.formatOfProcess();
    PrintStream out =
        new PrintStream(
            new BufferedOutputStream(raw, BUFFER),
            terminalFormat.width() > 0,
            StandardCharsets.UTF_8);
    System.setOut(out);
    Streams streams = new Streams(raw, out, System.err, terminalFormat);
    raw.before = streams::beforeWrite;
    return streams;
  }

  /**
   * Those of somebody at the other end of a channel. What cannot be written there has no reader any
   * more.
   */
  public static Streams ofChannel(
      OutputStream out, OutputStream err, TerminalFormat terminalFormat) {
    Checked raw =
        new Checked(
            out,
            failed -> {
              throw new OutputClosed(failed);
            });
    PrintStream data =
        new PrintStream(
            new BufferedOutputStream(raw, BUFFER),
            terminalFormat.width() > 0,
            StandardCharsets.UTF_8);
    PrintStream talk = new PrintStream(err, true, StandardCharsets.UTF_8);
    Streams streams = new Streams(raw, data, talk, terminalFormat);
    raw.before = streams::beforeWrite;
    return streams;
  }

  /** Does {@code what} before data is written to a terminal, to make room for it. */
  public void beforeData(Runnable what) {
    beforeData = what;
  }

  private void beforeWrite() {
    if (terminalFormat.width() > 0) {
      makeRoom();
    }
  }

  /** Somebody else has the terminal from now on. */
  public void makeRoom() {
    beforeData.run();
  }

  public PrintStream out() {
    return out;
  }

  /**
   * The same past the buffer, which is to be flushed before: what no reader takes is not kept to
   * fail once more.
   */
  OutputStream bytes() {
    return bytes;
  }

  public PrintStream err() {
    return err;
  }

  public TerminalFormat terminalFormat() {
    return terminalFormat;
  }

  public Writer writer() {
    return new OutputStreamWriter(out, StandardCharsets.UTF_8);
  }

  /** Prints what is left, unless nobody takes it for so long. */
  public void flushWithin(long millis) {
    Thread flushing = Thread.ofPlatform().daemon().unstarted(out::flush);
    flushing.setUncaughtExceptionHandler((thread, failed) -> {}); // the process is ending anyway
    flushing.start();
    try {
      flushing.join(millis);
    } catch (InterruptedException over) {
      Thread.currentThread().interrupt();
    }
  }

  /** Prints what is left; the status the process ends with. */
  public int close(int status) {
    try {
      out.flush();
      return status;
    } catch (OutputClosed closed) {
      return status;
    } catch (MicaException failed) {
      if (status == 0) {
        err.println("mica: " + failed.getMessage());
      }
      return status == 0 ? 1 : status;
    }
  }

  /** Fails where a PrintStream would only remember that something was wrong. */
  private static final class Checked extends FilterOutputStream {
    private final Function<IOException, RuntimeException> failure;
    private Runnable before = () -> {};

    Checked(OutputStream out, Function<IOException, RuntimeException> failure) {
      super(out);
      this.failure = failure;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      before.run();
      try {
        out.write(bytes, offset, length);
      } catch (IOException failed) {
        throw failure.apply(failed);
      }
    }

    @Override
    public void flush() {
      try {
        out.flush();
      } catch (IOException failed) {
        throw failure.apply(failed);
      }
    }

    @Override
    public void write(int b) {
      write(new byte[] {(byte) b}, 0, 1);
    }

    private static RuntimeException explain(IOException failed) {
      String why = String.valueOf(failed.getMessage());
      if (why.contains("Broken pipe") || why.contains("Connection reset")) {
        throw new OutputClosed(failed);
      }
      return MicaException.failed("write to", "standard output", why).because(failed);
    }
  }
}
