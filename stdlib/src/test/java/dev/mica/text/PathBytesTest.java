package dev.mica.text;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("NullAway.Init") // JUnit sets the field
class PathBytesTest {
  @TempDir Path scratch;

  /** Bytes are written as Latin-1. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/",
        "/a/b",
        "/\u00e9",
        "/a\u00ff/\u00c3\u00a9",
        "/\u00ef\u00bf\u00bd",
        "/\u00ed\u00b3\u00a9",
        "/a b\n%",
        "/\u00f0\u009f\u0098\u0080",
        "/\u00f0\u009f\u0098",
        "/\u00c3"
      })
  void pathsAndTextsKeepTheirBytes(String latin) {
    byte[] bytes = latin.getBytes(ISO_8859_1);
    String text = PathBytes.decode(bytes);
    assertThat(PathBytes.encode(text)).isEqualTo(bytes);
    Path path = PathBytes.parse(text);
    assertThat(PathBytes.of(path)).isEqualTo(bytes);
    assertThat(PathBytes.toPath(bytes)).isEqualTo(path);
    assertThat(PathBytes.text(path)).isEqualTo(text);
    boolean utf8 = text.equals(new String(bytes, UTF_8));
    assertThat(PathBytes.isText(path)).isEqualTo(utf8);
    assertThat(PathBytes.isUtf8(text)).isEqualTo(utf8);
    assertThat(PathBytes.printable(path).chars().allMatch(c -> c < 0xd800 || c > 0xdfff || utf8))
        .isTrue();
  }

  @Test
  void randomBytesAreKept() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 2000; i++) {
      byte[] bytes = new byte[1 + random.nextInt(12)];
      random.nextBytes(bytes);
      assertThat(PathBytes.encode(PathBytes.decode(bytes))).as("seed %d", seed).isEqualTo(bytes);
    }
  }

  @Test
  void aRelativeTextIsARelativePath() {
    Path path = PathBytes.parse("a/\udce9");
    assertThat(path.isAbsolute()).isFalse();
    assertThat(path.getNameCount()).isEqualTo(2);
    assertThat(PathBytes.ofName(path)).containsExactly(0xe9);
    assertThat(PathBytes.asItIs(path)).containsExactly(97, 47, 0xe9);
    assertThat(PathBytes.printable(Path.of("/").resolve(path))).isEqualTo("/a/\\xe9");
  }

  @Test
  void whatIsNamedIsFound() throws IOException {
    Path made = PathBytes.resolve(scratch, new byte[] {(byte) 0xe9});
    Files.createDirectory(made);
    assertThat(Files.isDirectory(PathBytes.parse(scratch + "/\udce9"))).isTrue();
    assertThat(PathBytes.of(made)).endsWith('/', 0xe9);
  }
}
