package dev.mica.shell;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A diff as long as the tree, printed from a heap that could not hold it. */
@SuppressWarnings("NullAway.Init") // JUnit sets the field
final class MemoryTest {
  private static final int DIRECTORIES = 110;
  private static final int FILES = 1_000;

  /** With it alone the lines of the diff, as text, take four times the heap. */
  private static final String LONG_NAME = "n".repeat(240);

  @TempDir Path temp;

  private Path tree() throws IOException {
    Path tree = Files.createDirectory(temp.resolve("tree"));
    for (int d = 0; d < DIRECTORIES; d++) {
      Path directory = Files.createDirectory(tree.resolve("d" + d));
      Path first = Files.createFile(directory.resolve(LONG_NAME));
      for (int f = 1; f < FILES; f++) {
        Files.createLink(directory.resolve(LONG_NAME + f), first);
      }
    }
    return tree;
  }

  @Test
  void aDiffOfManyLinesStreams() throws Exception {
    Path empty = Files.createDirectory(temp.resolve("empty"));
    Path tree = tree();
    for (String format : List.of("table", "json", "yaml")) {
      Runs.Run run =
          Runs.apart(
              temp.resolve("home"),
              List.of("-Xmx16m", "-XX:+UseSerialGC"),
              "diff",
              empty.toString(),
              tree.toString(),
              "-o",
              format);
      assertThat(run.err()).isEmpty();
      assertThat(run.status()).isZero();
      assertThat(run.out().split(LONG_NAME, -1)).hasSize(1 + DIRECTORIES * FILES);
    }
  }
}
