package dev.mica.shell.attach;

import dev.mica.failure.MicaException;
import dev.mica.vm.Console;
import java.io.IOException;
import java.io.Writer;

/** Who a console is attached to: somebody at a terminal, or a program that sends lines. */
@FunctionalInterface
public interface ConsoleClient {
  /** Where the lines that come in are commands already. */
  ConsoleClient NONE =
      (console, out) -> {
        throw refused("the lines here are commands; run mica helper console for it");
      };

  /** Attaches it until one of the two sides ends; what is no terminal's own goes to {@code out}. */
  void attach(Console console, Writer out) throws IOException;

  /** The same for a program that reads JSON or YAML; what was said. */
  default String record(Console console) throws IOException {
    throw refused("a terminal shows it as it is; --output is for lines that a program sends");
  }

  private static MicaException refused(String why) {
    return MicaException.usage("attach", "the helper VM's console", why);
  }
}
