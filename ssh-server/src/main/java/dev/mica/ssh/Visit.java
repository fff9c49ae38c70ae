package dev.mica.ssh;

import dev.mica.Mica;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/** A channel of a session: one command, or a conversation. */
public interface Visit {
  /**
   * The size of a terminal, in characters.
   *
   * @param columns 1 to 1000
   * @param rows 1 to 500
   */
  record Size(int columns, int rows) {}

  /**
   * A terminal.
   *
   * @param type its {@code TERM}
   * @param size how large it is at first
   */
  record Screen(String type, Size size) {}

  /** The objects as this user sees them: with their role, their folder and their variables. */
  Mica mica();

  /** The command, as one line; empty: whatever is typed. */
  Optional<String> command();

  /** The terminal, if there is one: then what is typed and shown goes through that. */
  Optional<Screen> screen();

  /** What is typed. */
  InputStream in();

  /** Where data goes. It blocks while the other side does not take any, and fails once it left. */
  OutputStream out();

  /** Where talk goes, likewise. */
  OutputStream err();

  /** The file of the lines that this user typed before; it need not exist. */
  Path history();

  /** Has {@code hear} be told each signal, by its number, one after the other. */
  void onSignal(Consumer<Integer> hear);

  /** Has {@code hear} be told each new size of the terminal. */
  void onResize(Consumer<Size> hear);

  /** Has {@code leave} be run when the visitor leaves before the end; at once if they did. */
  void onLeave(Runnable leave);
}
