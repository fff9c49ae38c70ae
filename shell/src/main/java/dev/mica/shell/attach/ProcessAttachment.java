package dev.mica.shell.attach;

import dev.mica.vm.stream.Attachable;
import dev.mica.vm.stream.ProcessStream;
import java.io.IOException;
import java.io.OutputStream;

/** A process in a guest. */
public record ProcessAttachment(Attachable process) implements Attachment {
  private static final byte CTRL = 0x1f;

  /** As podman and docker have them. */
  private static final byte[] DETACH = {'P' & CTRL, 'Q' & CTRL};

  @Override
  public boolean hasTerminal() {
    return process.terminal();
  }

  @Override
  public boolean takesInput() {
    return process.input();
  }

  @Override
  public byte[] detachKeys() {
    return process.stays() ? DETACH.clone() : new byte[0];
  }

  @Override
  public String greeting() {
    return "";
  }

  @Override
  public String farewell(boolean detached) {
    return detached ? "\ndetached; " + this + " goes on\n" : "";
  }

  @Override
  public int follow(OutputStream out, OutputStream err) throws IOException, InterruptedException {
    return process.stream().run(new Told(process, out, err)).shellStatus();
  }

  /** Passes what comes on, for as long as somebody reads it. */
  private static final class Told implements ProcessStream.Listener {
    private final Attachable process;
    private final OutputStream out;
    private final OutputStream err;
    private boolean unread;

    Told(Attachable process, OutputStream out, OutputStream err) {
      this.process = process;
      this.out = out;
      this.err = err;
    }

    @Override
    public void output(byte[] bytes, int offset, int length) throws IOException {
      if (unread) {
        return;
      }
      try {
        out.write(bytes, offset, length);
        out.flush();
      } catch (OutputClosed closed) {
        if (process.stays()) {
          throw closed;
        }
        unread = true;
        endAsUnread();
      }
    }

    /** As the kernel does it to a program in a pipe; on another thread, for it may have to wait. */
    private void endAsUnread() {
      Thread.ofVirtual()
          .start(() -> {
            try {
              boolean _ = process.stream().signal(SignalForwarder.PIPE);
            } catch (InterruptedException nobody) {
              Thread.currentThread().interrupt();
            }
          });
    }

    @Override
    public void error(byte[] bytes, int offset, int length) throws IOException {
      err.write(bytes, offset, length);
      err.flush();
    }
  }

  @Override
  public boolean type(byte[] bytes, int offset, int length) throws InterruptedException {
    return process.stream().input(bytes, offset, length);
  }

  @Override
  public void endInput() throws InterruptedException {
    boolean _ = process.stream().endInput();
  }

  @Override
  public void resize(int rows, int columns) throws InterruptedException {
    boolean _ = process.stream().resize(rows, columns);
  }

  @Override
  public void signal(int number) throws InterruptedException {
    boolean _ = process.stream().signal(number);
  }

  @Override
  public void close() {
    process.stream().close();
  }

  @Override
  public String toString() {
    return process.stream().toString();
  }
}
