package dev.mica.shell.attach;

/**
 * The reader of our output has left, as {@code head} does. An error, so that it ends a script that
 * would otherwise print for ever to nobody.
 */
public final class OutputClosed extends Error {
  private static final long serialVersionUID = 1L;

  OutputClosed(Throwable cause) {
    super("nobody reads the output any more", cause, false, false);
  }
}
