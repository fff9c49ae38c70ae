package dev.mica.shell.print;

import dev.mica.schema.Form;
import dev.mica.schema.Rows;
import dev.mica.schema.Scalar;
import dev.mica.schema.Schema;
import dev.mica.schema.Shape;
import dev.mica.scripting.run.Display;
import dev.mica.vm.Console;
import dev.mica.vm.stream.Attachable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** Shows values by their type: Mica's objects as tables, everything else as text. */
public final class Printer implements Display {
  private static final Shape<Map.Entry<?, ?>> PAIR =
      Shape.<Map.Entry<?, ?>>of("entries")
          .essential("key", "string", pair -> String.valueOf(pair.getKey()))
          .essential("value", "any", pair -> text(pair.getValue()))
          .build();

  private final Output output;

  public Printer(Output output) {
    this.output = output;
  }

  @Override
  public void show(@Nullable Object value) {
    show(value, Format.TABLE);
  }

  void show(@Nullable Object value, Format format) {
    if (value == null && format == Format.TABLE) {
      return;
    }
    output.print(result(output.schema(), value), format);
  }

  /** How {@code value} is shown, which may be one of those that {@code schema} describes. */
  public static Result result(Schema schema, @Nullable Object value) {
    return switch (value) {
      case null -> plain(null);
      case Console console -> Result.Attached.to(console);
      case Attachable process -> Result.Attached.to(process);
      case Collection<?> many -> collection(schema, many);
      case Map<?, ?> map -> new Result.Value(map, new Result.Rows<>(PAIR, pairs(map)));
      case Duration length ->
          new Result.Value(length.toString(), new Result.Text("value", Cells.text(length)));
      case Path path -> new Result.Value(path, new Result.Text("value", Cells.text(path)));
      default -> single(schema.form(value), value);
    };
  }

  private static Stream<Map.Entry<?, ?>> pairs(Map<?, ?> map) {
    return map.entrySet().stream().map(entry -> entry);
  }

  private static Result single(@Nullable Form<Object> form, Object value) {
    return switch (form) {
      case Shape<Object> shape -> single(shape, value);
      case Rows<Object, ?> rows -> rows(rows, value);
      case Scalar<Object> text -> plain(value);
      case null -> plain(value);
    };
  }

  private static Result single(Shape<Object> shape, Object value) {
    return switch (shape.alone()) {
      case FIELDS -> new Result.One<>(shape, value);
      case ROW -> new Result.Rows<>(shape, Stream.of(value));
      case TEXT -> new Result.Text(shape.fields().getFirst().key(), text(value));
    };
  }

  private static <E> Result rows(Rows<Object, E> rows, Object value) {
    return new Result.Rows<>(rows.of(), rows.stream().apply(value));
  }

  /** A table where all have the same fields. */
  private static Result collection(Schema schema, Collection<?> many) {
    Object first = many.isEmpty() ? null : many.iterator().next();
    Form<Object> form = first == null ? null : schema.form(first);
    if (form instanceof Shape<Object> shape
        && shape.alone() != Shape.Alone.TEXT
        && many.stream().allMatch(each -> each != null && shape.equals(schema.form(each)))) {
      return new Result.Rows<>(shape, many.stream().map(each -> (Object) each));
    }
    return plain(many);
  }

  private static Result plain(@Nullable Object value) {
    return new Result.Value(value, new Result.Text("value", text(value)));
  }

  /** As a Groovy programmer writes it: {@code [1, [a:b]]}. */
  static String text(@Nullable Object value) {
    return switch (value) {
      case null -> "null";
      case Object[] array -> text(Arrays.asList(array));
      case byte[] bytes -> Arrays.toString(bytes);
      case int[] numbers -> Arrays.toString(numbers);
      case long[] numbers -> Arrays.toString(numbers);
      case Map<?, ?> map ->
          joined(
              map.entrySet().stream().map(e -> text(e.getKey()) + ":" + text(e.getValue())),
              map.isEmpty() ? "[:]" : "[]");
      case List<?> list -> joined(list.stream().map(Printer::text), "[]");
      case Enum<?> constant -> Cells.name(constant);
      default -> String.valueOf(value);
    };
  }

  private static String joined(Stream<String> parts, String empty) {
    List<String> texts = StreamSupport.stream(parts.spliterator(), false).toList();
    return texts.isEmpty() ? empty : "[" + String.join(", ", texts) + "]";
  }
}
