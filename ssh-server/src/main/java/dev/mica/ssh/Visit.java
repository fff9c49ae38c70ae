package dev.mica.ssh;

import dev.mica.Mica;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** What a client has asked for in a channel of its session: a command, or a conversation. */
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

  /** The command as one line; empty: a conversation, which reads lines. */
  Optional<String> command();

  /** The terminal, if there is one. Then the input and output are a terminal's. */
  Optional<Screen> screen();

  /** The client's input. */
  InputStream in();

  /**
   * The client's standard output. Writing blocks while it takes none, and fails when it is gone.
   */
  OutputStream out();

  /** The client's standard error, which behaves like the standard output. */
  OutputStream err();

  /** The file for the history of this user's lines; it need not exist. */
  Path history();

  /** Calls {@code hear} with the number of each signal, one after the other. */
  void onSignal(Consumer<Integer> hear);

  /** Calls {@code hear} with each new size of the terminal. */
  void onResize(Consumer<Size> hear);

  /** From now on {@code what} says what runs, without what could be secret; "" is nothing. */
  void onAsk(Supplier<String> what);

  /**
   * From now on {@code show} shows lines of others to the user, one after the other. It escapes
   * what a terminal would obey.
   */
  void onMessage(Consumer<String> show);

  /** Runs {@code leave} when the client disconnects before the end; at once if it has already. */
  void onLeave(Runnable leave);
}
