package dev.mica.shell.attach;

import dev.mica.vm.Console;
import java.io.IOException;
import java.io.PrintStream;
import java.io.Writer;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.terminal.Terminal;

/**
 * Somebody at the process's own terminal, which is only taken while a console is attached.
 *
 * @param err where is told what is wrong with the terminal
 * @param before called before it is taken
 */
public record ProcessClient(PrintStream err, Runnable before) implements ConsoleClient {
  @Override
  public void attach(Console console, Writer out) throws IOException {
    before.run();
    try (Terminal terminal = Terminals.open(err)) {
      new TerminalClient(terminal, new AtomicBoolean()).attach(console, out);
    }
  }
}
