package dev.mica.schema;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Values that stand for objects of another type, and are shown as a table of these.
 *
 * @param of the shape of these
 * @param json as in {@link Form}
 * @param stream reads them, anew at each call; to be closed
 */
public record Rows<T, E>(Shape<E> of, String json, Function<T, Stream<E>> stream)
    implements Form<T> {
  /** They come one by one, and in JSON under their plural key. */
  public static <T, E> Rows<T, E> stream(Descriptor<E> of, Function<T, Stream<E>> stream) {
    return new Rows<>(of.shape(), of.shape().jsonList(), stream);
  }

  /** They are a list, as the language has it. */
  public static <T, E> Rows<T, E> list(Descriptor<E> of, Function<T, List<E>> list) {
    return new Rows<>(
        of.shape(), "[" + of.shape().json() + "]", value -> list.apply(value).stream());
  }
}
