package dev.mica.shell.print;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mica.folder.Change;
import dev.mica.folder.Diff;
import dev.mica.folder.Entry;
import dev.mica.folder.Folder;
import dev.mica.folder.FolderSchema;
import dev.mica.folder.Name;
import dev.mica.folder.Type;
import dev.mica.host.Check;
import dev.mica.host.HostSchema;
import dev.mica.shell.attach.TerminalFormat;
import java.io.StringWriter;
import java.io.Writer;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

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

  private static String print(Format format, TerminalFormat terminalFormat) {
    StringWriter out = new StringWriter();
    long count =
        new Output(out, terminalFormat)
            .print(new Result.Rows<>(FolderSchema.CHANGE.shape(), CHANGES.stream()), format);
    assertThat(count).isEqualTo(3);
    return out.toString();
  }

  @Test
  void tablesAlign() {
    assertThat(print(Format.TABLE, TerminalFormat.PLAIN))
        .isEqualTo(
            """
            KIND      WHAT     SIZE  PATH
            added     -          12  etc/new
            modified  content  2345  etc/hosts
            deleted   -           3  a\\xff\\x0a
            """);
  }

  @Test
  void aNarrowPageLeavesOutWhatMattersLeast() {
    assertThat(print(Format.TABLE, new TerminalFormat(32, false)).lines())
        .contains("modified  content  etc/hosts")
        .allSatisfy(line -> assertThat(Cells.width(line)).isLessThanOrEqualTo(32));
  }

  /** The page of a terminal turned on its side, and narrower ones. */
  @Test
  void noTableIsWiderThanItsPageAndRowsStayKnown() {
    List<Entry> entries =
        List.of(
            new Entry(
                Name.of("a/long/way/down/to/" + "deeper/".repeat(9) + "web.conf"),
                Type.FILE,
                1234567890123L,
                0644,
                Instant.EPOCH));
    for (int width = 10; width < 120; width++) {
      StringWriter out = new StringWriter();
      new Output(out, new TerminalFormat(width, true))
          .print(new Result.Rows<>(FolderSchema.ENTRY.shape(), entries.stream()), Format.TABLE);
      int most = width;
      assertThat(out.toString().lines().map(line -> line.replaceAll("\u001b\\[[0-9]*m", "")))
          .allSatisfy(line -> assertThat(Cells.width(line)).isLessThanOrEqualTo(most));
      if (width >= 30) {
        assertThat(out.toString()).contains("TYPE", "PATH", "conf\n");
      }
    }
  }

  /** What is to be done is what one asks the doctor for. */
  @Test
  void whatMendsACheckIsReadableOnAnyPage() {
    String fix = "add yourself to the group kvm: usermod --append --groups kvm you";
    List<Check> checks =
        List.of(
            new Check("core", Check.Status.OK, "loaded", null),
            new Check("kvm", Check.Status.LIMITED, "/dev/kvm may not be opened by you", fix));
    for (int width = 20; width < 200; width++) {
      StringWriter out = new StringWriter();
      long count =
          new Output(out, new TerminalFormat(width, false))
              .print(new Result.Rows<>(HostSchema.CHECK.shape(), checks.stream()), Format.TABLE);
      int most = width;
      assertThat(count).isEqualTo(2);
      assertThat(out.toString().lines())
          .allSatisfy(line -> assertThat(Cells.width(line)).isLessThanOrEqualTo(most));
      String words = out.toString().replaceAll("\\s+", " ");
      assertThat(words).contains(fix);
      if (width <= 80) {
        assertThat(words)
            .contains("ok core detail: loaded limited kvm detail: /dev/kvm", "fix: " + fix)
            .doesNotContain("STATUS");
      }
    }
    assertThat(
            shown(
                new Result.Rows<>(HostSchema.CHECK.shape(), checks.stream()), TerminalFormat.PLAIN))
        .startsWith("STATUS");
  }

  /** Who asks for one object wants to know all of it: what is wrong with it, and what to do. */
  @Test
  void nothingOfOneObjectIsCut() {
    String fix = "move it back to /srv/" + "deep/".repeat(20) + "web, or: mica union rm web";
    Check check = new Check("union", Check.Status.LIMITED, "its mount point was moved", fix);
    Result one = new Result.One<>(HostSchema.CHECK.shape(), check);
    for (int width = 20; width < 200; width++) {
      int most = width;
      String shown = shown(one, new TerminalFormat(width, false));
      assertThat(shown.lines())
          .allSatisfy(line -> assertThat(Cells.width(line)).isLessThanOrEqualTo(most));
      assertThat(shown.replaceAll("\\s", "")).contains(fix.replace(" ", ""));
    }
    Check digest = new Check("digest", Check.Status.OK, "0123456789".repeat(5), null);
    assertThat(
            shown(
                new Result.One<>(HostSchema.CHECK.shape(), digest), new TerminalFormat(40, false)))
        .as("a word that no line holds begins where it would on the next one")
        .contains("detail  01234567890123456789012345678901\n        234567890123456789\n");
    assertThat(shown(one, TerminalFormat.PLAIN).lines())
        .hasSize(4)
        .anyMatch(is -> is.endsWith(fix));
  }

  @Test
  void aPathIsCutInside() {
    assertThat(Cells.cutInside("/srv/web/etc/web.conf", 12)).isEqualTo("/sr…web.conf");
    assertThat(Cells.width(Cells.cutInside("/日本/日本日本日本", 9))).isLessThanOrEqualTo(9);
    assertThat(Cells.cutInside("/a", 2)).isEqualTo("/a");
  }

  /** A terminal obeys none of it; a pipe gets text as it is. */
  @Test
  void textForATerminalIsEscaped() {
    String text = "a\u001b[31m\tb\u009bc\u202ed\n";
    assertThat(shown(new Result.Text("log", text), new TerminalFormat(80, true)))
        .isEqualTo("a\\x1b[31m    b\\x9bc\\u202ed\n");
    assertThat(shown(new Result.Text("log", text), TerminalFormat.PLAIN)).isEqualTo(text);
    Result drawing =
        new Result.Drawing<>(FolderSchema.CHANGE.shape(), Stream.<Change>empty(), () -> text);
    assertThat(shown(drawing, new TerminalFormat(80, true)))
        .isEqualTo("a\\x1b[31m    b\\x9bc\\u202ed\n");
  }

  /** A terminal breaks it, and what is copied from there is whole. */
  @Test
  void aLongTextIsNotCut() {
    String line = "x".repeat(50) + " " + "y".repeat(50) + "\n";
    assertThat(shown(new Result.Text("value", line), new TerminalFormat(40, false)))
        .isEqualTo(line);
  }

  /** A picture is. */
  @Test
  void aDrawingIsNoWiderThanItsPage() {
    Result drawing =
        new Result.Drawing<>(
            FolderSchema.CHANGE.shape(), Stream.<Change>empty(), () -> "* a long message\n| *\n");
    assertThat(shown(drawing, new TerminalFormat(10, false))).isEqualTo("* a long …\n| *\n");
  }

  private static String shown(Result result, TerminalFormat terminalFormat) {
    StringWriter out = new StringWriter();
    new Output(out, terminalFormat).print(result, Format.TABLE);
    return out.toString();
  }

  @Test
  void jsonHasBytesWhereANameIsNotText() {
    assertThat(print(Format.JSON, TerminalFormat.PLAIN))
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
    assertThat(print(Format.YAML, TerminalFormat.PLAIN))
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

  static List<Arguments> values() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("a", 1);
    map.put("b", Arrays.asList(true, null, "x"));
    return List.of(
        arguments(3, "3", "3"),
        arguments(new BigDecimal("2.50"), "2.50", "2.50"),
        arguments(Double.NaN, "\"NaN\"", "\"NaN\""),
        arguments("it's \"1\"\n", "\"it's \\\"1\\\"\\n\"", null),
        arguments("3", "\"3\"", "\"3\""),
        arguments(null, "null", "null"),
        arguments(List.of(1, List.of()), "[1,[]]", "- 1\n- []"),
        arguments(new Object[] {1, 'c'}, "[1,\"c\"]", "- 1\n- c"),
        arguments(map, "{\"a\":1,\"b\":[true,null,\"x\"]}", "a: 1\nb:\n- true\n- null\n- x"),
        arguments(Type.FILE, "\"file\"", "file"),
        arguments(Path.of("/a b"), "\"/a b\"", "/a b"),
        arguments(List.of(Folder.of("/a")), "[\"/a\"]", "- /a"),
        arguments(
            Map.of("sum", new Diff.Summary(1, 2, 3)),
            "{\"sum\":{\"added\":1,\"modified\":2,\"deleted\":3}}",
            "sum:\n  added: 1\n  modified: 2\n  deleted: 3"));
  }

  @ParameterizedTest
  @MethodSource("values")
  void valuesOfTheLanguageAreThemselves(
      @Nullable Object value, String json, @Nullable String yaml) {
    assertThat(shown(value, Format.JSON)).isEqualTo(json + "\n");
    if (yaml != null) {
      assertThat(shown(value, Format.YAML)).isEqualTo(yaml + "\n");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "PT0S,0 ms",
    "PT0.075S,75 ms",
    "PT0.0658S,65.8 ms",
    "PT1S,1 s",
    "PT1.5S,1.5 s",
    "PT59.9999S,59.999 s",
    "PT10S,10 s",
    "PT1M,1 min",
    "PT2M5S,2 min 5 s",
    "PT1H,1 h",
    "PT30H3M9S,30 h 3 min",
    "PT-5S,-5 s"
  })
  void aLengthOfTimeHasASpaceBeforeItsUnit(Duration length, String text) {
    assertThat(shown(length, Format.TABLE)).isEqualTo(text + "\n");
    assertThat(shown(length, Format.JSON)).isEqualTo("\"" + length + "\"\n");
  }

  private static String shown(@Nullable Object value, Format format) {
    StringWriter out = new StringWriter();
    new Printer(new Output(out, TerminalFormat.PLAIN)).show(value, format);
    return out.toString();
  }

  @Test
  void nothingIsPrintedForNoRows() {
    StringWriter out = new StringWriter();
    Result none = new Result.Rows<>(FolderSchema.CHANGE.shape(), Stream.<Change>empty());
    assertThat(new Output(out, TerminalFormat.PLAIN).print(none, Format.TABLE)).isZero();
    assertThat(out.toString()).isEmpty();
  }

  /** Ten million rows would not fit: they must go by one at a time. */
  @Test
  void manyRowsStream() {
    int[] read = {0};
    int[] whenWritten = {Integer.MAX_VALUE};
    Writer counting =
        new Writer() {
          @Override
          public void write(char[] text, int from, int length) {
            whenWritten[0] = Math.min(whenWritten[0], read[0]);
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Stream<Change> rows =
        IntStream.range(0, 300_000).peek(i -> read[0] = i).mapToObj(i -> CHANGES.getFirst());
    Result result = new Result.Rows<>(FolderSchema.CHANGE.shape(), rows);
    assertThat(new Output(counting, TerminalFormat.PLAIN).print(result, Format.JSON))
        .isEqualTo(300_000);
    assertThat(whenWritten[0]).as("rows read when the first were written").isLessThan(1_000);
  }
}
