package dev.mica.local;

import dev.mica.vm.stream.Frames;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;

/** A standard output of a process that has the server run a command. */
final class LocalOutput extends OutputStream {
  private final Frames frames;
  private final char type;
  private volatile boolean broken;

  LocalOutput(Frames frames, char type) {
    this.frames = frames;
    this.type = type;
  }

  /** Nobody takes it any more. */
  void breakOff() {
    broken = true;
  }

  @Override
  public void write(int one) throws IOException {
    write(new byte[] {(byte) one}, 0, 1);
  }

  /**
   * One who was interrupted before can still say so; one who is interrupted while it waits for a
   * reader waits no longer.
   */
  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      for (int sent = 0; sent < length; sent += Frames.LONGEST) {
        if (broken) {
          throw new IOException("Broken pipe");
        }
        frames.send(type, bytes, offset + sent, Math.min(length - sent, Frames.LONGEST));
      }
    } catch (InterruptedException stop) {
      interrupted = true;
      throw (IOException) new InterruptedIOException("cancelled").initCause(stop);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
