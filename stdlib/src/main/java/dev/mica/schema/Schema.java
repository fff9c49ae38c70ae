package dev.mica.schema;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Descriptors in the order of the help; of those that fit a type the first counts. */
public record Schema(List<Descriptor<?>> descriptors) {
  /** Copies the list. */
  public Schema {
    descriptors = List.copyOf(descriptors);
  }

  /** Of these, in their order. */
  public static Schema of(Descriptor<?>... descriptors) {
    return new Schema(List.of(descriptors));
  }

  /** The same, and {@code others} after them. */
  public Schema and(Schema others) {
    return new Schema(Stream.concat(descriptors.stream(), others.descriptors.stream()).toList());
  }

  /** The descriptor of what {@code type} is or implements; null if it is none of Mica's types. */
  public @Nullable Descriptor<?> find(Class<?> type) {
    for (Descriptor<?> descriptor : descriptors) {
      if (descriptor.isOwn() && descriptor.face().isAssignableFrom(type)) {
        return descriptor;
      }
    }
    return null;
  }

  /** What {@code value} is to programs; null if it is none of Mica's objects. */
  @SuppressWarnings("unchecked") // the descriptor was chosen by the value's class
  public <T> @Nullable Form<T> form(T value) {
    Descriptor<?> descriptor = find(value.getClass());
    return descriptor == null ? null : (Form<T>) descriptor.form();
  }
}
