package dev.mica.shell.print;

import dev.mica.folder.Change;
import dev.mica.host.Check;
import dev.mica.schema.Field;
import dev.mica.schema.Shape;
import dev.mica.shell.attach.TerminalFormat;
import java.io.IOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Tables for people. The first thousand rows decide how wide the columns are, the others stream
 * behind them, so any number of rows can be printed. No row is wider than the page.
 */
final class TableWriter {
  private static final int MEASURED = 1000;
  private static final String GAP = "  ";
  private static final String TAB = "    ";

  private final Writer out;
  private final TerminalFormat terminalFormat;

  TableWriter(Writer out, TerminalFormat terminalFormat) {
    this.out = out;
    this.terminalFormat = terminalFormat;
  }

  /** Prints a head and a line for each row; nothing if there is none. Returns how many. */
  <T> long rows(Shape<T> shape, Iterator<T> rows) throws IOException {
    List<T> first = new ArrayList<>();
    while (rows.hasNext() && first.size() < MEASURED) {
      first.add(rows.next());
    }
    if (first.isEmpty()) {
      return 0;
    }
    List<Column<T>> all = shape.columns().stream().map(field -> Column.of(field, first)).toList();
    List<Column<T>> columns =
        terminalFormat.width() > 0 ? Column.fitted(all, terminalFormat.width(), GAP.length()) : all;
    if (!columns.containsAll(all.stream().filter(Column::isIndispensable).toList())) {
      return records(all, first, rows);
    }
    line(columns, column -> column.field().key().toUpperCase(Locale.ROOT), "1");
    for (T row : first) {
      row(columns, row);
    }
    long count = first.size();
    for (; rows.hasNext(); count++) {
      row(columns, rows.next());
    }
    return count;
  }

  /** Prints each row as its essential fields and, below them, the others that it has. */
  private <T> long records(List<Column<T>> columns, List<T> first, Iterator<T> more)
      throws IOException {
    List<Column<T>> head = columns.stream().filter(Column::isEssential).toList();
    List<Column<T>> below = columns.stream().filter(column -> !column.isEssential()).toList();
    Iterator<T> begun = first.iterator();
    long count = 0;
    for (; begun.hasNext() || more.hasNext(); count++) {
      T row = begun.hasNext() ? begun.next() : more.next();
      String known = head.stream().map(column -> column.cell(row)).collect(Collectors.joining(GAP));
      println(cut(known), colour(row));
      for (Column<T> column : below) {
        if (column.field().value().apply(row) != null) {
          String text = column.field().key() + ": " + Unprintable.escaped(column.cell(row));
          prose(text.indent(GAP.length()));
        }
      }
    }
    return count;
  }

  /** Prints each property. Nothing of it is missing, however narrow the page is. */
  <T> void one(Shape<T> shape, T value) throws IOException {
    int names = shape.fields().stream().mapToInt(field -> field.key().length()).max().orElse(0);
    for (Field<T> field : shape.fields()) {
      Object is = field.value().apply(value);
      String head = Cells.pad(field.key(), names) + GAP;
      if (is instanceof String lines && lines.indexOf('\n') >= 0) {
        lines(head, lines);
      } else {
        String text = Cells.text(is);
        prose(head + (terminalFormat.width() == 0 ? text : Unprintable.escaped(text)));
      }
    }
  }

  /** Prints a text as people read it, each line below the one before. */
  private void lines(String head, String text) throws IOException {
    String before = head;
    for (String line : text.lines().toList()) {
      println(before + Unprintable.escaped(line.replace("\t", TAB)), null);
      before = " ".repeat(head.length());
    }
  }

  /** Prints lines of which nothing may be missing: a terminal itself breaks those too long. */
  void text(String text) throws IOException {
    for (String line : text.lines().toList()) {
      println(expanded(line), null);
    }
  }

  /** Prints lines that are broken between words. */
  void prose(String text) throws IOException {
    for (String line : text.lines().toList()) {
      for (String part :
          terminalFormat.width() == 0
              ? List.of(line)
              : Prose.broken(line, terminalFormat.width())) {
        println(part, null);
      }
    }
  }

  /** Prints lines whose beginnings make a picture, so that none may take two. */
  void picture(String text) throws IOException {
    for (String line : text.lines().toList()) {
      println(cut(expanded(line)), null);
    }
  }

  private String expanded(String line) {
    return terminalFormat.width() == 0 ? line : line.replace("\t", TAB);
  }

  private String cut(String line) {
    return terminalFormat.width() == 0
        ? line
        : Cells.cut(Unprintable.escaped(line), terminalFormat.width());
  }

  private <T> void row(List<Column<T>> columns, T row) throws IOException {
    line(columns, column -> column.cell(row), colour(row));
  }

  private <T> void line(
      List<Column<T>> columns, Function<Column<T>, String> cells, @Nullable String colour)
      throws IOException {
    StringBuilder line = new StringBuilder();
    int last = columns.size() - 1;
    for (int i = 0; i <= last; i++) {
      Column<T> column = columns.get(i);
      String text = cells.apply(column);
      String cell =
          terminalFormat.width() == 0 ? text : Column.cut(column.field(), text, column.width());
      String blank = " ".repeat(Math.max(0, column.width() - Cells.width(cell)));
      line.append(column.isNumber() ? blank + cell : i == last ? cell : cell + blank);
      line.append(i == last ? "" : GAP);
    }
    println(cut(line.toString()), colour);
  }

  private static @Nullable String colour(Object row) {
    return switch (row) {
      case Change change ->
          switch (change.kind()) {
            case ADDED -> "32";
            case MODIFIED -> "33";
            case DELETED -> "31";
          };
      case Check check ->
          switch (check.status()) {
            case OK -> null;
            case LIMITED -> "33";
            case MISSING -> "31";
          };
      default -> null;
    };
  }

  /** The only way to the page: a terminal gets no character that it would obey but our colours. */
  private void println(String line, @Nullable String colour) throws IOException {
    String shown = terminalFormat.width() == 0 ? line : Unprintable.escaped(line);
    boolean coloured = terminalFormat.colour() && colour != null;
    out.write(coloured ? "\u001b[" + colour + "m" + shown + "\u001b[0m" : shown);
    out.write('\n');
  }
}
