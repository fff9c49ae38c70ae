package dev.mica.shell.prompt;

import dev.mica.shell.attach.Keyboard;
import java.io.IOException;

/** Where the lines of a conversation come from. */
interface Lines {
  /**
   * The next one, perhaps of several lines that belong together.
   *
   * @throws org.jline.reader.UserInterruptException if Ctrl-C dropped it
   * @throws org.jline.reader.EndOfFileException if there will be no more
   */
  String read(String prompt) throws IOException;

  /** What was typed meanwhile, and does not wait to be read any more. */
  String typed(Keyboard keyboard) throws IOException;

  /** Gives {@code typed} back, for the next line. */
  void keep(String typed);

  /** Shows a line, which is printable, without harm to what is being typed. */
  void show(String line);

  /** Drops what is being typed, if anything is: Ctrl-C, as a signal. */
  boolean drop();
}
