package dev.mica.shell;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** How data is printed. */
enum Format {
  TABLE,
  JSON,
  YAML;

  static List<String> names() {
    return Arrays.stream(values()).map(format -> format.name().toLowerCase(Locale.ROOT)).toList();
  }

  static Format of(String name) {
    return valueOf(name.toUpperCase(Locale.ROOT));
  }
}
