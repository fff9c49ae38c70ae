package dev.mica.schema;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One property of an object as programs and tables see it.
 *
 * @param key its name in JSON and YAML; in capitals the head of its column
 * @param type what JSON holds: {@code string}, {@code number}, {@code [string]}, {@code time} …
 * @param column how tables have it
 * @param value reads it: null, a string, number, boolean, enum, instant, {@code Name}, path, or a
 *     collection of those
 */
public record Field<T>(
    String key, String type, Column column, Function<T, @Nullable Object> value) {
  /** How tables have a field. */
  public enum Column {
    /** A row is known by it, so that the narrowest page shows it. */
    ESSENTIAL,
    /** Where the page is wide enough. */
    USUAL,
    /**
     * It may neither be left out nor cut: where the page has no room for it, rows are shown field
     * below field.
     */
    INDISPENSABLE,
    /** JSON, YAML and single objects show it, tables do not. */
    NONE
  }
}
