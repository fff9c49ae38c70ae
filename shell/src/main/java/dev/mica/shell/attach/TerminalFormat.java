package dev.mica.shell.attach;

/**
 * How output must be laid out for the place where it is read.
 *
 * @param width the columns of the terminal; 0: it is no terminal, so lines are not cut
 * @param colour whether the terminal understands colours
 */
public record TerminalFormat(int width, boolean colour) {
  /** A file or a pipe: everything, plain. */
  public static final TerminalFormat PLAIN = new TerminalFormat(0, false);
}
