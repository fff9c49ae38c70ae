package dev.mica.shell.attach;

import dev.mica.container.VmLog;
import java.io.IOException;
import java.io.OutputStream;

/** What a program said, and says until it ends: it hears nobody. */
public record LogAttachment(String of, VmLog log) implements Attachment {
  @Override
  public boolean hasTerminal() {
    return false;
  }

  @Override
  public boolean takesInput() {
    return false;
  }

  @Override
  public byte[] detachKeys() {
    return new byte[0];
  }

  @Override
  public String greeting() {
    return "";
  }

  @Override
  public String farewell(boolean detached) {
    return "";
  }

  @Override
  public int follow(OutputStream out, OutputStream err) throws IOException, InterruptedException {
    log.copyTo(out, err);
    return 0;
  }

  @Override
  public boolean type(byte[] bytes, int offset, int length) {
    return false;
  }

  @Override
  public void endInput() {}

  @Override
  public void resize(int rows, int columns) {}

  /** Whoever would end a program ends the reading: the program itself is not asked. */
  @Override
  public void signal(int number) {
    log.close();
  }

  @Override
  public void close() {
    log.close();
  }

  @Override
  public String toString() {
    return "the log of the VM " + of;
  }
}
