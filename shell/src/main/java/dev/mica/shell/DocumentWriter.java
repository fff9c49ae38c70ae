package dev.mica.shell;

import dev.mica.folder.Name;
import dev.mica.scripting.Field;
import dev.mica.scripting.Shape;
import java.io.IOException;
import java.io.Writer;
import java.util.Collection;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLWriteFeature;

/** JSON and YAML for programs, streaming: never more than one object in memory. */
final class DocumentWriter implements AutoCloseable {
  private final JsonGenerator json;
  private final Writer out;
  private final boolean lineEnd;

  DocumentWriter(Writer out, Format format) {
    this.out = out;
    this.lineEnd = format == Format.JSON;
    this.json = factory(format).createGenerator(ObjectWriteContext.empty(), out);
  }

  private static TokenStreamFactory factory(Format format) {
    if (format == Format.JSON) {
      return JsonFactory.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();
    }
    return YAMLFactory.builder()
        .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
        .disable(YAMLWriteFeature.WRITE_DOC_START_MARKER)
        .enable(YAMLWriteFeature.MINIMIZE_QUOTES)
        .enable(YAMLWriteFeature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
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
    if (value instanceof Name name && name.text().isEmpty()) {
      json.writeBinaryProperty(key + "Bytes", name.bytes());
    }
  }

  private void value(@Nullable Object value) {
    switch (value) {
      case null -> json.writeNull();
      case Boolean flag -> json.writeBoolean(flag);
      case Integer number -> json.writeNumber(number);
      case Long number -> json.writeNumber(number);
      case Enum<?> constant -> json.writeString(Cells.name(constant));
      case Name name -> json.writeString(name.text().orElseGet(name::toString));
      case Collection<?> many -> {
        json.writeStartArray();
        many.forEach(this::value);
        json.writeEndArray();
      }
      default -> json.writeString(value.toString());
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
