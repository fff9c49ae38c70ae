package dev.mica.shell.print;

import dev.mica.folder.Name;
import dev.mica.schema.Field;
import dev.mica.schema.Schema;
import dev.mica.schema.Shape;
import java.io.IOException;
import java.io.Writer;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;

/** JSON and YAML for programs, streaming: never more than one object in memory. */
final class DocumentWriter implements AutoCloseable {
  private final JsonGenerator json;
  private final Writer out;
  private final Schema schema;
  private final boolean lineEnd;

  /** Onto {@code out}; what {@code schema} describes is written by its fields. */
  DocumentWriter(Writer out, Format format, Schema schema) {
    this.out = out;
    this.schema = schema;
    this.lineEnd = format == Format.JSON;
    this.json = factory(format).createGenerator(ObjectWriteContext.empty(), out);
  }

  private static TokenStreamFactory factory(Format format) {
    return format == Format.YAML
        ? new Yaml()
        : JsonFactory.builder()
            .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
            .characterEscapes(new JsonEscapes())
            .build();
  }

  /** {@code {"unions":[…]}}; returns how many. */
  <T> long rows(Shape<T> shape, Iterator<T> rows) {
    long count = 0;
    json.writeStartObject();
    json.writeArrayPropertyStart(shape.plural());
    for (; rows.hasNext(); count++) {
      one(shape, rows.next());
    }
    json.writeEndArray();
    json.writeEndObject();
    return count;
  }

  <T> void one(Shape<T> shape, T value) {
    json.writeStartObject();
    for (Field<T> field : shape.fields()) {
      property(field.key(), field.value().apply(value));
    }
    json.writeEndObject();
  }

  void text(String key, String text) {
    json.writeStartObject();
    json.writeStringProperty(key, text);
    json.writeEndObject();
  }

  /** A name that is not UTF-8 is shown escaped, and its bytes stand beside it. */
  private void property(String key, @Nullable Object value) {
    json.writeName(key);
    value(value);
    if (isOdd(value)) {
      json.writeName(key + "Bytes");
      bytes(value);
    } else if (value instanceof List<?> many && many.stream().anyMatch(DocumentWriter::isOdd)) {
      json.writeArrayPropertyStart(key + "Bytes");
      many.forEach(this::bytes);
      json.writeEndArray();
    }
  }

  private static boolean isOdd(@Nullable Object value) {
    return switch (value) {
      case Name name -> name.text().isEmpty();
      case Path path -> isOdd(Name.of(path));
      case null, default -> false;
    };
  }

  private void bytes(@Nullable Object value) {
    switch (value) {
      case Name name -> json.writeBinary(name.bytes());
      case Path path -> bytes(Name.of(path));
      case null, default -> json.writeNull();
    }
  }

  /** Whatever it is: numbers, truths, lists and maps as such, Mica's objects by their shapes. */
  void value(@Nullable Object value) {
    switch (value) {
      case null -> json.writeNull();
      case Boolean flag -> json.writeBoolean(flag);
      case Number number -> number(number);
      case Enum<?> constant -> json.writeString(Cells.name(constant));
      case Path path -> value(Name.of(path));
      case Name name -> json.writeString(name.text().orElseGet(name::toString));
      case Collection<?> many -> {
        json.writeStartArray();
        many.forEach(this::value);
        json.writeEndArray();
      }
      case Map<?, ?> map -> {
        json.writeStartObject();
        map.forEach((key, member) -> property(String.valueOf(key), member));
        json.writeEndObject();
      }
      case Object[] array -> value(Arrays.asList(array));
      default -> other(value);
    }
  }

  /** JSON has no infinity, and most that read it no number beyond a double's digits: so be it. */
  private void number(Number number) {
    switch (number) {
      case Integer whole -> json.writeNumber(whole);
      case Long whole -> json.writeNumber(whole);
      case BigInteger whole -> json.writeNumber(whole);
      case BigDecimal decimal -> json.writeNumber(decimal);
      case Short whole -> json.writeNumber(whole);
      case Byte whole -> json.writeNumber(whole);
      case Float real when Float.isFinite(real) -> json.writeNumber(real);
      case Double real when Double.isFinite(real) -> json.writeNumber(real);
      default -> json.writeString(number.toString());
    }
  }

  private void other(Object value) {
    if (schema.form(value) instanceof Shape<Object> shape && shape.alone() != Shape.Alone.TEXT) {
      one(shape, value);
    } else {
      json.writeString(Printer.text(value));
    }
  }

  @Override
  public void close() {
    json.close();
    try {
      if (lineEnd) {
        out.write('\n');
      }
    } catch (IOException failed) {
      throw new java.io.UncheckedIOException(failed);
    }
  }
}
