package dev.mica.schema;

/** What the values of a type are to programs. */
public sealed interface Form<T> permits Shape, Rows, Scalar {
  /** The JSON of one, as documentation: {@code {"name":string,…}}, {@code string}. */
  String json();
}
