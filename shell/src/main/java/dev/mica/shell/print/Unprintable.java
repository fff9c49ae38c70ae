package dev.mica.shell.print;

import java.util.stream.Collectors;

/**
 * Characters that are not shown but obeyed: they move the cursor, colour, retitle or turn around
 * what stands beside them. A terminal gets them as escapes, and only Mica's own as they are.
 */
public final class Unprintable {
  private Unprintable() {}

  /**
   * Control characters (C0, DEL, C1), those that override the direction of writing, and bytes that
   * are no text: {@code Name.exactText} has a byte 0xHH as U+DCHH.
   */
  public static boolean is(int c) {
    return Character.isISOControl(c)
        || isByte(c)
        || (c >= 0x202a && c <= 0x202e)
        || (c >= 0x2066 && c <= 0x2069);
  }

  private static boolean isByte(int c) {
    return c >= 0xdc80 && c <= 0xdcff;
  }

  static boolean isIn(String text) {
    return text.codePoints().anyMatch(Unprintable::is);
  }

  /** {@code text} with {@code \x1b} and {@code \u202e} where such a character is. */
  static String escaped(String text) {
    return isIn(text)
        ? text.codePoints().mapToObj(Unprintable::escaped).collect(Collectors.joining())
        : text;
  }

  private static String escaped(int c) {
    if (!is(c)) {
      return Character.toString(c);
    }
    return c < 0x100 || isByte(c)
        ? String.format("\\x%02x", c & 0xff)
        : String.format("\\u%04x", c);
  }

  /** What stands for {@code c} where exactly one column is free: of Escape, U+241B. */
  public static int picture(int c) {
    return !is(c) ? c : c < ' ' ? 0x2400 + c : c == 0x7f ? 0x2421 : 0xfffd;
  }
}
