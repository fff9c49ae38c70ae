package dev.mica.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.folder.Change;
import dev.mica.folder.Name;
import dev.mica.folder.Type;
import dev.mica.scripting.Shapes;
import java.io.StringWriter;
import java.io.Writer;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class OutputTest {
  private static final Name ODD = Name.of(new byte[] {'a', (byte) 0xff, '\n'});
  private static final List<Change> CHANGES =
      List.of(
          new Change(Change.Kind.ADDED, Name.of("etc/new"), Set.of(), null, Type.FILE, 0, 12),
          new Change(
              Change.Kind.MODIFIED,
              Name.of("etc/hosts"),
              Set.of(Change.What.CONTENT),
              Type.FILE,
              Type.FILE,
              100,
              2345),
          new Change(Change.Kind.DELETED, ODD, Set.of(), Type.SYMLINK, null, 3, 0));

  private static String print(Format format, Page page) {
    StringWriter out = new StringWriter();
    long count =
        new Output(out, page).print(new Result.Rows<>(Shapes.CHANGE, CHANGES.stream()), format);
    assertThat(count).isEqualTo(3);
    return out.toString();
  }

  @Test
  void tablesAlign() {
    assertThat(print(Format.TABLE, Page.PLAIN))
        .isEqualTo(
            """
            KIND      WHAT     SIZE  PATH
            added     -          12  etc/new
            modified  content  2345  etc/hosts
            deleted   -           3  a\\xff\\x0a
            """);
  }

  @Test
  void wideTablesAreCutVisibly() {
    assertThat(print(Format.TABLE, new Page(32, false)).lines())
        .contains("modified  content  2345  etc/ho…")
        .allSatisfy(line -> assertThat(Cells.width(line)).isLessThanOrEqualTo(32));
  }

  @Test
  void jsonHasBytesWhereANameIsNotText() {
    assertThat(print(Format.JSON, Page.PLAIN))
        .isEqualTo(
            """
            {"changes":[\
            {"kind":"added","what":[],"size":12,"path":"etc/new","before":null,"after":"file",\
            "sizeBefore":0,"sizeAfter":12},\
            {"kind":"modified","what":["content"],"size":2345,"path":"etc/hosts","before":"file",\
            "after":"file","sizeBefore":100,"sizeAfter":2345},\
            {"kind":"deleted","what":[],"size":3,"path":"a\\\\xff\\\\x0a","pathBytes":"Yf8K",\
            "before":"symlink","after":null,"sizeBefore":3,"sizeAfter":0}]}
            """);
  }

  @Test
  void yamlSaysTheSame() {
    assertThat(print(Format.YAML, Page.PLAIN))
        .startsWith(
            """
            changes:
            - kind: added
              what: []
              size: 12
              path: etc/new
              before: null
              after: file
            """);
  }

  @Test
  void nothingIsPrintedForNoRows() {
    StringWriter out = new StringWriter();
    Result none = new Result.Rows<>(Shapes.CHANGE, Stream.<Change>empty());
    assertThat(new Output(out, Page.PLAIN).print(none, Format.TABLE)).isZero();
    assertThat(out.toString()).isEmpty();
  }

  /** Ten million rows would not fit: they must go by one at a time. */
  @Test
  void manyRowsStream() {
    int[] ahead = new int[2];
    Writer counting =
        new Writer() {
          @Override
          public void write(char[] text, int from, int length) {
            ahead[1] = Math.max(ahead[1], ahead[0]);
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Stream<Change> rows =
        IntStream.range(0, 300_000).peek(i -> ahead[0] = i).mapToObj(i -> CHANGES.getFirst());
    for (Format format : List.of(Format.JSON)) {
      assertThat(
              new Output(counting, Page.PLAIN)
                  .print(new Result.Rows<>(Shapes.CHANGE, rows), format))
          .isEqualTo(300_000);
    }
    assertThat(ahead[1]).isPositive();
  }
}
