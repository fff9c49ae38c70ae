package dev.mica.schema;

/**
 * Values that are their text.
 *
 * @param json what that is in JSON: {@code string}
 */
public record Scalar<T>(String json) implements Form<T> {}
