package dev.mica.shell.attach;

import java.io.IOException;

/** Where bytes come from that are passed on as they are. */
@FunctionalInterface
public interface Source {
  /**
   * How long one look may last, so that whoever looks can be told to leave: what has ended is
   * waited for so long.
   */
  int TICK_MILLIS = 20;

  /** What came within a tick: so many bytes, 0 if none, -1 if there will be no more. */
  int read(byte[] into) throws IOException;

  /**
   * The standard input of the process. Nobody is left behind in a read of it, who would take what
   * is meant for the next one.
   */
  static Source ofProcess() {
    boolean looks = Terminals.loaded(); // else a read waits for as long as it does
    return into -> !looks || isThere() ? System.in.read(into) : 0;
  }

  private static boolean isThere() throws IOException {
    return System.in.available() > 0 || Keyboard.hasInput(TICK_MILLIS);
  }
}
