package dev.mica.shell.attach;

/**
 * Where people read.
 *
 * @param width columns; 0 where lines are not cut
 * @param colour whether it understands colours
 */
public record Page(int width, boolean colour) {
  /** A file or a pipe: everything, plain. */
  public static final Page PLAIN = new Page(0, false);
}
