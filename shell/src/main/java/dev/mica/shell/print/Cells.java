package dev.mica.shell.print;

import dev.mica.folder.Name;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jline.utils.AttributedString;
import org.jspecify.annotations.Nullable;

/** Values as text for people. */
public final class Cells {
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
          case Duration length -> length(length);
          case Enum<?> constant -> name(constant);
          case String string -> printable(string);
          case Path path -> printable(of(path));
          default -> printable(value.toString());
        };
    return text.isEmpty() ? "-" : text;
  }

  /** {@code 75 ms}, {@code 1.5 s}, {@code 2 min 5 s}, {@code 1 h 3 min}. */
  private static String length(Duration length) {
    if (length.isNegative()) {
      return "-" + length(length.negated());
    }
    if (length.compareTo(Duration.ofSeconds(1)) < 0) {
      return number(length.toNanos(), 6) + " ms";
    }
    if (length.compareTo(Duration.ofMinutes(1)) < 0) {
      return number(length.toMillis(), 3) + " s";
    }
    return length.compareTo(Duration.ofHours(1)) < 0
        ? both(length.toMinutes(), " min", length.toSecondsPart(), " s")
        : both(length.toHours(), " h", length.toMinutesPart(), " min");
  }

  /** With the digits behind the point that say something. */
  private static String number(long units, int digits) {
    return BigDecimal.valueOf(units, digits).stripTrailingZeros().toPlainString();
  }

  private static String both(long much, String unit, int rest, String smaller) {
    return much + unit + (rest == 0 ? "" : " " + rest + smaller);
  }

  private static String of(Path path) {
    Name name = Name.of(path);
    return name.text().orElseGet(name::toString);
  }

  static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Without control characters, which could drive the terminal, and bytes that are no text. */
  public static String printable(String text) {
    return Unprintable.escaped(text);
  }

  /** How many columns a terminal needs for it, as far as terminals agree. */
  static int width(String text) {
    return isSimple(text) ? text.length() : new AttributedString(text).columnLength();
  }

  private static boolean isSimple(String text) {
    return text.chars().allMatch(c -> c >= ' ' && c < 0x7f);
  }

  public static String pad(String text, int width) {
    int missing = width - width(text);
    return missing > 0 ? text + " ".repeat(missing) : text;
  }

  /** At most {@code width} columns, with an ellipsis where something is cut off. */
  public static String cut(String text, int width) {
    return width(text) <= width ? text : head(text, width - 1) + '…';
  }

  /** The same, where the end is worth more than the middle. */
  static String cutInside(String text, int width) {
    if (width(text) <= width) {
      return text;
    }
    String head = head(text, (width - 1) / 3);
    int tail = width - 1 - width(head);
    int from = isSimple(text) ? text.length() - tail : text.length();
    while (from > 0 && width(text.substring(from - 1)) <= tail) {
      from--;
    }
    boolean torn = from < text.length() && Character.isLowSurrogate(text.charAt(from));
    return head + '…' + text.substring(torn ? from + 1 : from);
  }

  private static String head(String text, int width) {
    return new AttributedString(text).columnSubSequence(0, Math.max(0, width)).toString();
  }
}
