package dev.mica.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.commit.Commit;
import dev.mica.test.Scratch;
import dev.mica.test.ScratchTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;

/** A test with an image in a layout, made by umoci. */
abstract class LoadTestBase extends ScratchTest {
  Path layout = scratch.path("unmade");

  @BeforeEach
  void makeImage() {
    layout = TestImages.layout(scratch, "two", 200_000, 100_000);
    Scratch.run(
        "umoci",
        "config",
        "--image",
        layout + ":v1",
        "--config.env",
        "LANG=C",
        "--config.cmd",
        "sh",
        "--config.label",
        "maker=test");
  }

  static void skopeo(String from, String to) {
    Scratch.run("skopeo", "--insecure-policy", "copy", "--quiet", from, to);
  }

  final Commit load(Path file) {
    List<Commit> commits = mica.commits().load(file.toString()).commits();
    assertThat(commits).hasSize(1);
    return commits.getFirst();
  }

  final int count(String directory) {
    Path in = scratch.path("home").resolve(directory);
    if (!Files.exists(in)) {
      return 0;
    }
    try (Stream<Path> all = Files.list(in)) {
      return (int) all.count();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  final void assertNothing() {
    assertThat(mica.commits().list()).isEmpty();
    assertThat(count("commits")).isZero();
    assertThat(count("layers")).isZero();
    assertThat(count("tars")).isZero();
    assertThat(count("journal")).isZero();
    assertThat(count("trash")).isZero();
  }
}
