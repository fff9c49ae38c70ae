package dev.mica.shell.print;

import dev.mica.commit.Commits;
import dev.mica.folder.Change;
import dev.mica.folder.Diff;
import dev.mica.folder.Entry;
import dev.mica.folder.Folder;
import dev.mica.folder.Name;
import dev.mica.scripting.run.Display;
import dev.mica.scripting.schema.Field;
import dev.mica.scripting.schema.Shape;
import dev.mica.scripting.schema.Shapes;
import dev.mica.union.Unions;
import dev.mica.vm.Console;
import java.nio.file.Path;
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
      new Shape<>(
          "entries",
          List.of(
              new Field<>("key", "string", true, pair -> String.valueOf(pair.getKey())),
              new Field<>("value", "any", true, pair -> text(pair.getValue()))));

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
    output.print(result(value), format);
  }

  public static Result result(@Nullable Object value) {
    return switch (value) {
      case null -> plain(null);
      case Diff diff -> new Result.Rows<>(Shapes.CHANGE, diff.stream());
      case Unions unions -> new Result.Rows<>(Shapes.UNION, unions.list().stream());
      case Commits commits -> new Result.Rows<>(Shapes.COMMIT, commits.list().stream());
      case Folder folder -> new Result.Text("location", folder.location());
      case Entry entry -> new Result.Rows<>(Shapes.ENTRY, Stream.of(entry));
      case Change change -> new Result.Rows<>(Shapes.CHANGE, Stream.of(change));
      case Console console -> new Result.Attached(console);
      case Collection<?> many -> collection(many);
      case Map<?, ?> map -> new Result.Value(map, new Result.Rows<>(PAIR, pairs(map)));
      case Path path -> new Result.Value(path, new Result.Text("value", Cells.text(path)));
      default -> single(value);
    };
  }

  private static Stream<Map.Entry<?, ?>> pairs(Map<?, ?> map) {
    return map.entrySet().stream().map(entry -> entry);
  }

  private static Result single(Object value) {
    Shape<Object> shape = Shapes.of(value);
    return shape == null ? plain(value) : new Result.One<>(shape, value);
  }

  private static Result collection(Collection<?> many) {
    Object first = many.isEmpty() ? null : many.iterator().next();
    Shape<Object> shape = first == null ? null : Shapes.of(first);
    boolean same = shape != null && many.stream().allMatch(each -> shape.equals(shapeOf(each)));
    if (shape != null && same && !(first instanceof Folder)) {
      return new Result.Rows<>(shape, many.stream().map(each -> (Object) each));
    }
    return plain(many);
  }

  private static Result plain(@Nullable Object value) {
    return new Result.Value(value, new Result.Text("value", text(value)));
  }

  private static @Nullable Shape<?> shapeOf(@Nullable Object value) {
    return value == null ? null : Shapes.of(value);
  }

  /** As a Groovy programmer writes it: {@code [1, [a:b]]}. */
  static String text(@Nullable Object value) {
    return switch (value) {
      case null -> "null";
      case Object[] array -> text(Arrays.asList(array));
      case byte[] bytes -> Arrays.toString(bytes);
      case int[] numbers -> Arrays.toString(numbers);
      case long[] numbers -> Arrays.toString(numbers);
      case Folder folder -> folder.location();
      case Name name -> name.toString();
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
