package dev.mica.scripting.schema;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How the objects of one type look from outside: the only place that says which properties JSON,
 * YAML and tables show.
 *
 * @param plural the key that holds several of them in JSON: {@code unions}
 * @param fields in the order shown
 */
public record Shape<T>(String plural, List<Field<T>> fields) {
  /** Copies the list. */
  public Shape {
    fields = List.copyOf(fields);
  }

  static <T> Builder<T> of(String plural) {
    return new Builder<>(plural);
  }

  /** The fields that tables show. */
  public List<Field<T>> columns() {
    return fields.stream().filter(Field::column).toList();
  }

  /** The JSON of one, as documentation: {@code {"name":string,…}}. */
  public String json() {
    return fields.stream()
        .map(field -> "\"" + field.key() + "\":" + field.type())
        .collect(Collectors.joining(",", "{", "}"));
  }

  /** The JSON of several, as documentation: {@code {"unions":[{"name":string,…}]}}. */
  public String jsonList() {
    return "{\"" + plural + "\":[" + json() + "]}";
  }

  /** Collects fields. */
  static final class Builder<T> {
    private final String plural;
    private final List<Field<T>> fields = new ArrayList<>();

    private Builder(String plural) {
      this.plural = plural;
    }

    /** A field that tables show too. */
    Builder<T> column(String key, String type, Function<T, @Nullable Object> value) {
      fields.add(new Field<>(key, type, true, value));
      return this;
    }

    /** A field for JSON, YAML and single objects only. */
    Builder<T> field(String key, String type, Function<T, @Nullable Object> value) {
      fields.add(new Field<>(key, type, false, value));
      return this;
    }

    Shape<T> build() {
      return new Shape<>(plural, fields);
    }
  }
}
