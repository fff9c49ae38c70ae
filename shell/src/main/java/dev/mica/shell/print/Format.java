package dev.mica.shell.print;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** How data is printed. */
public enum Format {
  TABLE,
  JSON,
  YAML;

  public static List<String> names() {
    return Arrays.stream(values()).map(format -> format.name().toLowerCase(Locale.ROOT)).toList();
  }

  public static Format of(String name) {
    return valueOf(name.toUpperCase(Locale.ROOT));
  }
}
