package dev.mica.shell;

/** A command line that is wrong; nothing was done. */
final class CommandLineException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CommandLineException(String message) {
    super(message);
  }

  CommandLineException(Command command, String why) {
    super(command.name() + ": " + why + "; usage: " + command.usage());
  }
}
