package dev.mica.schema;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Objects with fields: the only place that says which properties JSON, YAML and tables show.
 *
 * @param plural the key that holds several of them in JSON: {@code unions}
 * @param fields in the order shown
 * @param details what only the one object has that was asked for, after its fields
 * @param alone how a single one is shown
 */
public record Shape<T>(String plural, List<Field<T>> fields, List<Field<T>> details, Alone alone)
    implements Form<T> {
  /** How a single object is shown. */
  public enum Alone {
    /** All its fields below each other. */
    FIELDS,
    /** A table of one row. */
    ROW,
    /**
     * Its text, under the key of its first field; it is a mere string wherever it stands in a list
     * or a document.
     */
    TEXT
  }

  /** Copies the lists. */
  public Shape {
    fields = List.copyOf(fields);
    details = List.copyOf(details);
  }

  /** Begins one without fields, of which a single object shows all. */
  public static <T> Builder<T> of(String plural) {
    return new Builder<>(plural);
  }

  /** The fields that tables show. */
  public List<Field<T>> columns() {
    return fields.stream().filter(field -> field.column() != Field.Column.NONE).toList();
  }

  /** The same with the details among the fields. */
  public Shape<T> detailed() {
    return new Shape<>(
        plural, Stream.concat(fields.stream(), details.stream()).toList(), List.of(), alone);
  }

  /** {@code {"name":string,…}}. */
  @Override
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
  public static final class Builder<T> {
    private final String plural;
    private final List<Field<T>> fields = new ArrayList<>();
    private final List<Field<T>> details = new ArrayList<>();

    private Builder(String plural) {
      this.plural = plural;
    }

    /** A field that tables show too, however narrow the page is. */
    public Builder<T> essential(String key, String type, Function<T, @Nullable Object> value) {
      fields.add(new Field<>(key, type, Field.Column.ESSENTIAL, value));
      return this;
    }

    /** A field that tables show too, where there is room. */
    public Builder<T> column(String key, String type, Function<T, @Nullable Object> value) {
      fields.add(new Field<>(key, type, Field.Column.USUAL, value));
      return this;
    }

    /** A field that tables show too; rows of a page without room for it are no table. */
    public Builder<T> indispensable(String key, String type, Function<T, @Nullable Object> value) {
      fields.add(new Field<>(key, type, Field.Column.INDISPENSABLE, value));
      return this;
    }

    /** A field for JSON, YAML and single objects only. */
    public Builder<T> field(String key, String type, Function<T, @Nullable Object> value) {
      fields.add(new Field<>(key, type, Field.Column.NONE, value));
      return this;
    }

    /** A field that lists leave out. */
    public Builder<T> detail(String key, String type, Function<T, @Nullable Object> value) {
      details.add(new Field<>(key, type, Field.Column.NONE, value));
      return this;
    }

    /** A shape of which a single object shows its fields. */
    public Shape<T> build() {
      return build(Alone.FIELDS);
    }

    /** A shape of which a single object is shown so. */
    public Shape<T> build(Alone alone) {
      return new Shape<>(plural, fields, details, alone);
    }
  }
}
