package dev.mica.folder;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class DrawingTest {
  @Test
  void drawsWhatIsAddedAndWhatLeadsThere() {
    Drawing drawing = new Drawing("/a → /b");
    drawing.add(Name.of("."), "~ ", "  (mode)");
    drawing.add(Name.of("etc/hosts"), "+ ", "");
    drawing.add(Name.of("etc/ssl/a"), "- ", "");
    drawing.add(Name.of("opt"), "+ ", "/");
    drawing.add(Name.of("opt/x"), "+ ", "");
    drawing.add(Name.of(new byte[] {'z', '\n', (byte) 0xff}), "~ ", "  (content)");
    assertThat(drawing)
        .hasToString(
            """
            /a → /b  (mode)
            ├── etc/
            │   ├── + hosts
            │   └── ssl/
            │       └── - a
            ├── + opt/
            │   └── + x
            └── ~ z\\x0a\\xff  (content)\
            """);
  }

  @Test
  void nothingIsTheTitle() {
    assertThat(new Drawing("/a → /b")).hasToString("/a → /b");
  }

  @Test
  void moreThanAPersonReadsIsCounted() {
    Drawing drawing = new Drawing("/a");
    for (int i = 0; i < 12_345; i++) {
      drawing.add(Name.of(String.format("%05d", i)), "", "");
    }
    assertThat(drawing.toString().lines()).hasSize(1 + Drawing.MOST + 1);
    assertThat(drawing.toString()).endsWith("── 00999\n… and 11,345 more");
  }

  @Test
  void theDeepestPathTakesAFewLines() {
    byte[] deep = "d/".repeat(10_000).concat("f").getBytes(StandardCharsets.UTF_8);
    Drawing drawing = new Drawing("/a");
    drawing.add(Name.of(deep), "+ ", "");
    assertThat(drawing.toString().lines()).hasSize(65);
    assertThat(drawing.toString()).endsWith("d/d/f");
  }
}
