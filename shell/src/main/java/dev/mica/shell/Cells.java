package dev.mica.shell;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jline.utils.WCWidth;
import org.jspecify.annotations.Nullable;

/** Values as text for people. */
final class Cells {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");

  private Cells() {}

  /** One line; {@code -} where there is nothing. */
  static String text(@Nullable Object value) {
    String text =
        switch (value) {
          case null -> "";
          case Collection<?> many ->
              many.stream().map(Cells::text).collect(Collectors.joining(","));
          case Instant time ->
              TIME.format(time.truncatedTo(ChronoUnit.SECONDS).atZone(ZoneId.systemDefault()));
          case Enum<?> constant -> name(constant);
          case String string -> printable(string);
          case java.nio.file.Path path -> printable(path.toString());
          default -> value.toString();
        };
    return text.isEmpty() ? "-" : text;
  }

  static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Without control characters, which could drive the terminal. */
  static String printable(String text) {
    return Unprintable.escaped(text);
  }

  /** How many columns a terminal needs for it. */
  static int width(String text) {
    return text.codePoints().map(c -> Math.max(0, WCWidth.wcwidth(c))).sum();
  }

  static String pad(String text, int width) {
    int missing = width - width(text);
    return missing > 0 ? text + " ".repeat(missing) : text;
  }

  /** At most {@code width} columns, with an ellipsis where something is cut off. */
  static String cut(String text, int width) {
    if (width(text) <= width) {
      return text;
    }
    StringBuilder kept = new StringBuilder();
    int used = 0;
    for (int c : text.codePoints().toArray()) {
      used += Math.max(0, WCWidth.wcwidth(c));
      if (used >= width) {
        break;
      }
      kept.appendCodePoint(c);
    }
    return kept.append('…').toString();
  }
}
