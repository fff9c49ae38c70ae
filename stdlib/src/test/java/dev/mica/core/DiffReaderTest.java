package dev.mica.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.failure.MicaException;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiffReaderTest {
  private static final int DIRECTORIES = 200;
  private static final int FILES = 1_000;
  private static final int LINES = DIRECTORIES * (FILES + 1);

  @TempDir Path scratch;

  /** A heap that could not hold the lines, and no more memory outside it than for a small tree. */
  @Test
  void streamsWithoutKeepingTheLines() throws IOException, InterruptedException {
    Path small = Files.createDirectory(scratch.resolve("small"));
    Files.writeString(small.resolve("f"), "");
    Path big = Files.createDirectory(scratch.resolve("big"));
    for (int d = 0; d < DIRECTORIES; d++) {
      Path directory = Files.createDirectory(big.resolve("directory-" + d));
      for (int f = 0; f < FILES; f++) {
        Files.createFile(directory.resolve("a-file-with-a-name-of-some-length-" + f));
      }
    }
    List<String> little = count(small);
    List<String> much = count(big);
    Core.remove(big);
    assertThat(Integer.parseInt(much.getFirst()) - Integer.parseInt(little.getFirst()))
        .isEqualTo(LINES - 1);
    int moreKilobytes = Integer.parseInt(much.getLast()) - Integer.parseInt(little.getLast());
    assertThat(moreKilobytes).isLessThan(24 * 1024);
  }

  private static List<String> count(Path tree) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx12m",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-Dmica.core=" + Core.library(),
                "-cp",
                System.getProperty("java.class.path", "").replace(File.pathSeparator, ":"),
                Counting.class.getName(),
                tree.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output.lines().toList();
  }

  /** Prints how many lines a diff from nothing has, then the most memory it took, in kilobytes. */
  static final class Counting {
    private Counting() {}

    public static void main(String[] args) throws IOException {
      int lines = 0;
      try (DiffReader diff = Core.diff(Tree.EMPTY, Tree.plain(Path.of(args[0])), false)) {
        while (diff.next()) {
          lines += diff.path().length > 0 ? 1 : 0;
        }
      }
      System.out.println(lines);
      Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .forEach(line -> System.out.println(line.replaceAll("\\D", "")));
    }
  }

  @Test
  void growsForALineLongerThanItsBuffer() throws IOException, InterruptedException {
    Path deep = Files.createDirectory(scratch.resolve("deep"));
    int levels = 1_300;
    String name = "n".repeat(250);
    Process process =
        new ProcessBuilder(
                "python3",
                "-c",
                "import os, sys\n"
                    + "for i in range(int(sys.argv[1])): os.mkdir(sys.argv[2]); os.chdir(sys.argv[2])",
                String.valueOf(levels),
                name)
            .directory(deep.toFile())
            .inheritIO()
            .start();
    assertThat(process.waitFor()).isZero();
    int lines = 0;
    int longest = 0;
    try (DiffReader diff = Core.diff(Tree.EMPTY, Tree.plain(deep), false)) {
      while (diff.next()) {
        lines++;
        longest = diff.path().length;
      }
    }
    Core.remove(deep);
    assertThat(lines).isGreaterThanOrEqualTo(levels);
    assertThat(longest).isEqualTo(levels * 251 - 1);
    assertThat(deep).doesNotExist();
  }

  @Test
  void endsOnceAndCanBeClosedAgain() throws IOException {
    Files.writeString(scratch.resolve("f"), "");
    DiffReader diff = Core.diff(Tree.EMPTY, Tree.plain(scratch), false);
    while (diff.next()) {}
    assertThat(diff.next()).isFalse();
    diff.close();
    diff.close();
    assertThat(diff.next()).isFalse();
  }

  @Test
  void aFailureNamesBothTrees() {
    Path missing = scratch.resolve("no\nsuch");
    assertThatThrownBy(
            () -> {
              try (DiffReader diff = Core.diff(Tree.plain(scratch), Tree.plain(missing), false)) {
                diff.next();
              }
            })
        .isInstanceOf(MicaException.class)
        .hasMessageStartingWith("cannot compare " + scratch + " with " + scratch + "/no\\nsuch: ")
        .hasMessageContaining("No such file or directory");
  }
}
