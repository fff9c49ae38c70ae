package dev.mica.shell.attach;

import java.io.IOException;
import java.io.OutputStream;

/**
 * What a user's streams can be attached to: the far end of a terminal's line, or of pipes. One
 * thread follows what it says while any other may type.
 */
public sealed interface Attachment extends AutoCloseable
    permits ConsoleAttachment, LogAttachment, ProcessAttachment, WatchAttachment {
  /** Whether it has a terminal, which is then the user's. */
  boolean hasTerminal();

  /** Whether it is to have what the user types. */
  boolean takesInput();

  /** The keys that detach a terminal from it; none where it would end with that. */
  byte[] detachKeys();

  /** What a user at a terminal is told first. */
  String greeting();

  /** What he is told last; {@code detached}: he left. */
  String farewell(boolean detached);

  /**
   * Writes what it says until it ends; its exit status.
   *
   * @throws IOException if it is closed meanwhile, too
   */
  int follow(OutputStream out, OutputStream err) throws IOException, InterruptedException;

  /** Sends that as input; false if nobody reads it any more. */
  boolean type(byte[] bytes, int offset, int length) throws InterruptedException;

  /** Nothing more will be typed. */
  void endInput() throws InterruptedException;

  /** The user's terminal has that size. */
  void resize(int rows, int columns) throws InterruptedException;

  /** The client was sent a signal, which is for it. */
  void signal(int number) throws InterruptedException;

  /** Detaches. */
  @Override
  void close();
}
