package dev.mica.shell;

import dev.mica.folder.Change;
import dev.mica.host.Check;
import dev.mica.scripting.Field;
import dev.mica.scripting.Shape;
import java.io.IOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Tables for people. The first thousand rows decide how wide the columns are, the others stream
 * behind them, so any number of rows can be printed.
 */
final class TableWriter {
  private static final int MEASURED = 1000;
  private static final String GAP = "  ";

  private final Writer out;
  private final Page page;

  TableWriter(Writer out, Page page) {
    this.out = out;
    this.page = page;
  }

  /** Prints a head and a line for each row; nothing if there is none. Returns how many. */
  <T> long rows(Shape<T> shape, Iterator<T> rows) throws IOException {
    List<Field<T>> columns = shape.columns();
    List<T> first = new ArrayList<>();
    while (rows.hasNext() && first.size() < MEASURED) {
      first.add(rows.next());
    }
    if (first.isEmpty()) {
      return 0;
    }
    int[] widths = widths(columns, first);
    line(head(columns), widths, columns, "1");
    for (T row : first) {
      row(columns, row, widths);
    }
    long count = first.size();
    for (; rows.hasNext(); count++) {
      row(columns, rows.next(), widths);
    }
    return count;
  }

  /** Prints a line for each property. */
  <T> void one(Shape<T> shape, T value) throws IOException {
    int names = shape.fields().stream().mapToInt(field -> field.key().length()).max().orElse(0);
    for (Field<T> field : shape.fields()) {
      String text = Cells.text(field.value().apply(value));
      println(Cells.pad(field.key(), names) + GAP + text);
    }
  }

  void text(String text) throws IOException {
    for (String line : text.lines().toList()) {
      println(line);
    }
  }

  private static <T> List<String> head(List<Field<T>> columns) {
    return columns.stream().map(field -> field.key().toUpperCase(Locale.ROOT)).toList();
  }

  private <T> int[] widths(List<Field<T>> columns, List<T> rows) {
    int[] widths = new int[columns.size()];
    for (int i = 0; i < widths.length; i++) {
      Field<T> column = columns.get(i);
      widths[i] =
          rows.stream()
              .mapToInt(row -> Cells.width(cell(column, row)))
              .reduce(column.key().length(), Math::max);
    }
    return page.width() == 0 ? widths : fitted(widths);
  }

  /** Takes from the widest column, again and again, until the line fits; never below 8 columns. */
  private int[] fitted(int[] widths) {
    int room = page.width() - GAP.length() * (widths.length - 1);
    int total = java.util.Arrays.stream(widths).sum();
    while (total > room) {
      int widest = 0;
      for (int i = 1; i < widths.length; i++) {
        widest = widths[i] > widths[widest] ? i : widest;
      }
      if (widths[widest] <= 8) {
        break;
      }
      widths[widest]--;
      total--;
    }
    return widths;
  }

  private static <T> String cell(Field<T> column, T row) {
    return Cells.text(column.value().apply(row));
  }

  private <T> void row(List<Field<T>> columns, T row, int[] widths) throws IOException {
    List<String> cells = columns.stream().map(column -> cell(column, row)).toList();
    line(cells, widths, columns, colour(row));
  }

  private <T> void line(
      List<String> cells, int[] widths, List<Field<T>> columns, @Nullable String colour)
      throws IOException {
    StringBuilder line = new StringBuilder();
    int last = cells.size() - 1;
    for (int i = 0; i <= last; i++) {
      String cell = page.width() == 0 ? cells.get(i) : Cells.cut(cells.get(i), widths[i]);
      boolean number = columns.get(i).type().equals("number");
      String blank = " ".repeat(Math.max(0, widths[i] - Cells.width(cell)));
      line.append(number ? blank + cell : i == last ? cell : cell + blank);
      line.append(i == last ? "" : GAP);
    }
    String text = line.toString();
    boolean coloured = page.colour() && colour != null;
    println(coloured ? "\u001b[" + colour + "m" + text + "\u001b[0m" : text);
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

  private void println(String line) throws IOException {
    out.write(page.width() == 0 ? line : cutToPage(line));
    out.write('\n');
  }

  private String cutToPage(String line) {
    return line.indexOf('\u001b') >= 0 ? line : Cells.cut(line, page.width());
  }
}
