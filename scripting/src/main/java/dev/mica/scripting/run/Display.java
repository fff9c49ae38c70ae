package dev.mica.scripting.run;

import org.jspecify.annotations.Nullable;

/** Where a session shows values to its user. */
@FunctionalInterface
public interface Display {
  /** Prints {@code value} by its type; null prints nothing. */
  void show(@Nullable Object value);
}
