package dev.mica.shell.print;

import dev.mica.schema.Field;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A column of a table.
 *
 * @param field what it shows
 * @param width how wide its widest cell or its head is, or may be
 */
record Column<T>(Field<T> field, int width) {
  /** A column so narrow is not squeezed. */
  private static final int SHORT = 10;

  /** So much of an essential one is left. */
  private static final int LEGIBLE = 16;

  static <T> Column<T> of(Field<T> field, List<T> rows) {
    Column<T> head = new Column<>(field, field.key().length());
    return head.withWidth(
        rows.stream().mapToInt(row -> Cells.width(head.cell(row))).reduce(head.width, Math::max));
  }

  private Column<T> withWidth(int other) {
    return new Column<>(field, other);
  }

  String cell(T row) {
    return Cells.text(field.value().apply(row));
  }

  boolean isNumber() {
    return field.type().equals("number");
  }

  /** A page without room for all of it shows no table. */
  boolean isIndispensable() {
    return field.column() == Field.Column.INDISPENSABLE;
  }

  /** Others are left out of a narrow page, the last first. */
  boolean isEssential() {
    return field.column() == Field.Column.ESSENTIAL;
  }

  private int least() {
    return isNumber() ? width : Math.min(width, isEssential() ? LEGIBLE : SHORT);
  }

  /** {@code text} on so many columns: of a path both ends tell more than its middle. */
  static String cut(Field<?> field, String text, int width) {
    boolean path = field.key().equals("path") || (text.startsWith("/") && text.indexOf(' ') < 0);
    return path ? Cells.cutInside(text, width) : Cells.cut(text, width);
  }

  /** Those that fit on a page so wide: fewer, if they would not be legible, and then narrower. */
  static <T> List<Column<T>> fitted(List<Column<T>> all, int page, int gap) {
    List<Column<T>> columns = new ArrayList<>(all);
    for (int i = columns.size() - 1; i > 0 && least(columns, gap) > page; i--) {
      if (!columns.get(i).isEssential()) {
        columns.remove(i);
      }
    }
    while (total(columns, gap) > page && narrowed(columns)) {}
    return columns;
  }

  private static <T> int total(List<Column<T>> columns, int gap) {
    return columns.stream().mapToInt(Column::width).sum() + gap * (columns.size() - 1);
  }

  private static <T> int least(List<Column<T>> columns, int gap) {
    return columns.stream().mapToInt(Column::least).sum() + gap * (columns.size() - 1);
  }

  /** Takes one from the widest that can spare it, from any if none can; whether there was one. */
  private static <T> boolean narrowed(List<Column<T>> columns) {
    Column<T> widest =
        columns.stream()
            .max(
                Comparator.comparing((Column<T> column) -> column.width > column.least())
                    .thenComparingInt(column -> column.width))
            .orElseThrow();
    columns.set(columns.indexOf(widest), widest.withWidth(widest.width - 1));
    return widest.width > 1;
  }
}
