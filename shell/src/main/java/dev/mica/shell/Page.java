package dev.mica.shell;

/**
 * Where people read.
 *
 * @param width columns; 0 where lines are not cut
 * @param colour whether it understands colours
 */
record Page(int width, boolean colour) {
  /** A file or a pipe: everything, plain. */
  static final Page PLAIN = new Page(0, false);
}
