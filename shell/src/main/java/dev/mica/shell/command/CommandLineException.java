package dev.mica.shell.command;

import java.util.List;

/** A command line that is wrong; nothing was done. */
public final class CommandLineException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<String> choices;

  public CommandLineException(String message) {
    this(message, List.of());
  }

  /** {@code choices}: lines that say what could have been meant. */
  public CommandLineException(String message, List<String> choices) {
    super(message);
    this.choices = choices;
  }

  public CommandLineException(Command command, String why) {
    this(command.name() + ": " + why + "; usage: " + command.usage());
  }

  public List<String> choices() {
    return choices;
  }
}
