package dev.mica.shell;

import java.util.List;

/** A command line that is wrong; nothing was done. */
final class CommandLineException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<String> choices;

  CommandLineException(String message) {
    this(message, List.of());
  }

  /** {@code choices}: lines that say what could have been meant. */
  CommandLineException(String message, List<String> choices) {
    super(message);
    this.choices = choices;
  }

  CommandLineException(Command command, String why) {
    this(command.name() + ": " + why + "; usage: " + command.usage());
  }

  List<String> choices() {
    return choices;
  }
}
