package dev.mica.commit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class GraphTest {
  /** Each word is a commit and, after the slash, its parent; the newest first. */
  private static String draw(String commits) {
    List<Graph.Row> rows = new ArrayList<>();
    for (String word : commits.split(" ", -1)) {
      int slash = word.indexOf('/');
      Optional<String> parent =
          slash < 0 ? Optional.empty() : Optional.of(word.substring(slash + 1));
      String id = slash < 0 ? word : word.substring(0, slash);
      rows.add(new Graph.Row(id, parent, id));
    }
    return Graph.draw(rows);
  }

  @Test
  void aLine() {
    assertThat(draw("c/b b/a a"))
        .isEqualTo(
            """
            * c
            * b
            * a
            """);
  }

  @Test
  void aFork() {
    assertThat(draw("d/b c/b b/a a"))
        .isEqualTo(
            """
            * d
            | * c
            |/
            * b
            * a
            """);
  }

  @Test
  void twoRoots() {
    assertThat(draw("d/b c/a b a"))
        .isEqualTo(
            """
            * d
            | * c
            * | b
             /
            * a
            """);
  }

  @Test
  void aLaneThatPassesAnother() {
    assertThat(draw("f/a e/b d/a b/a a"))
        .isEqualTo(
            """
            * f
            | * e
            | | * d
            | * | b
            |_|/
            |/
            * a
            """);
  }

  @Test
  void sizes() {
    assertThat(List.of(0L, 999L, 1000L, 99_949L, 99_951L, 999_499L, 147_000_000L))
        .extracting(Graph::size)
        .containsExactly("0 B", "999 B", "1.0 kB", "99.9 kB", "100 kB", "999 kB", "147 MB");
  }
}
