package dev.mica.shell;

import dev.mica.vm.Console;
import java.io.IOException;
import java.io.Writer;

/** What a console is attached to: a terminal with somebody at it, or lines of a program. */
@FunctionalInterface
interface Seat {
  /** Where the lines that come in are commands already. */
  Seat NONE =
      (console, out) -> {
        throw new CommandLineException(
            "helper console: the lines here are commands; for it, run mica helper console");
      };

  /** Attaches it until one of the two sides ends; what is no terminal's own goes to {@code out}. */
  void attach(Console console, Writer out) throws IOException;

  /** The same for a program that reads JSON or YAML; what was said. */
  default String record(Console console) throws IOException {
    throw new CommandLineException(
        "helper console: a terminal shows it as it is; --output is for lines that a program sends");
  }
}
