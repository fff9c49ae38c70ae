package dev.mica.shell.attach;

import dev.mica.vm.Console;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.ClosedByInterruptException;

/** The console of a machine, which echoes what is typed and has no size. */
public record ConsoleAttachment(Console console) implements Attachment {
  private static final byte CTRL = 0x1f;

  @Override
  public boolean hasTerminal() {
    return true;
  }

  @Override
  public boolean takesInput() {
    return true;
  }

  @Override
  public byte[] detachKeys() {
    return new byte[] {']' & CTRL};
  }

  @Override
  public String greeting() {
    return "attached to " + console.guest() + "; Ctrl-] detaches, Enter helps\n" + console.recent();
  }

  @Override
  public String farewell(boolean detached) {
    return detached
        ? "\ndetached; " + console.guest() + " goes on\n"
        : "\n" + console.guest() + " has ended\n";
  }

  @Override
  public int follow(OutputStream out, OutputStream err) throws IOException, InterruptedException {
    InputStream said = console.input();
    byte[] buffer = new byte[8192];
    try {
      for (int got = said.read(buffer); got >= 0; got = said.read(buffer)) {
        out.write(buffer, 0, got);
        out.flush();
      }
      return 0;
    } catch (ClosedByInterruptException stop) {
      throw (InterruptedException) new InterruptedException().initCause(stop);
    }
  }

  @Override
  public boolean type(byte[] bytes, int offset, int length) {
    try {
      console.output().write(bytes, offset, length);
      return true;
    } catch (IOException gone) {
      return false;
    }
  }

  @Override
  public void endInput() {
    close();
  }

  @Override
  public void resize(int rows, int columns) {}

  @Override
  public void signal(int number) {}

  @Override
  public void close() {
    console.close();
  }

  @Override
  public String toString() {
    return console.toString();
  }
}
