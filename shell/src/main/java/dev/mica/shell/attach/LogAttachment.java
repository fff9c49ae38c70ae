package dev.mica.shell.attach;

import dev.mica.container.LogQuery;
import dev.mica.container.Vm;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.atomic.AtomicBoolean;

/** What a program said, and says until it ends: it hears nobody. */
public record LogAttachment(Vm of, LogQuery query, AtomicBoolean left) implements Attachment {
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
    of.logs(query, out, err, left::get);
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
    left.set(true);
  }

  @Override
  public void close() {
    left.set(true);
  }

  @Override
  public String toString() {
    return "the log of the VM " + of;
  }
}
