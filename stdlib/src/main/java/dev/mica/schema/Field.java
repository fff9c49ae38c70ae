package dev.mica.schema;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One property of an object as programs and tables see it.
 *
 * @param key its name in JSON and YAML; in capitals the head of its column
 * @param type what JSON holds: {@code string}, {@code number}, {@code [string]}, {@code time} …
 * @param column whether tables have it
 * @param value reads it: null, a string, number, boolean, enum, instant, {@code Name}, path, or a
 *     collection of those
 */
public record Field<T>(
    String key, String type, boolean column, Function<T, @Nullable Object> value) {}
