package dev.mica.shell;

import dev.mica.folder.Name;
import java.nio.file.Path;
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
          case Path path -> printable(of(path));
          default -> value.toString();
        };
    return text.isEmpty() ? "-" : text;
  }

  private static String of(Path path) {
    Name name = Name.of(path);
    return name.text().orElseGet(name::toString);
  }

  static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Without control characters, which could drive the terminal, and bytes that are no text. */
  static String printable(String text) {
    if (text.codePoints().noneMatch(Cells::isOdd)) {
      return text;
    }
    return text.codePoints()
        .mapToObj(c -> isOdd(c) ? String.format("\\x%02x", c & 0xff) : Character.toString(c))
        .collect(Collectors.joining());
  }

  /** {@link Name#exactText} has a byte 0xHH as U+DCHH. */
  private static boolean isOdd(int c) {
    return Character.isISOControl(c) || (c >= 0xDC80 && c <= 0xDCFF);
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
