package dev.mica.folder;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.text.PathBytes;
import dev.mica.text.Printable;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class NameTest {
  static IntStream seeds() {
    return IntStream.range(0, 200);
  }

  @ParameterizedTest
  @CsvSource({
    "a,          0, a",
    "a/b,        1, b",
    "a/b/c d,    2, c d",
    ".,          0, .",
    "a/.hidden,  1, .hidden",
  })
  void hasALastComponentAndADepth(String path, int depth, String last) {
    Name name = Name.of(path);
    assertThat(name.depth()).isEqualTo(depth);
    assertThat(name.last()).isEqualTo(Name.of(last));
    assertThat(name.text()).contains(path);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void keepsAnyBytes(int seed) {
    byte[] bytes = path(new Random(seed));
    Name name = Name.of(bytes);
    assertThat(name.bytes()).isEqualTo(bytes);
    name.text().ifPresent(text -> assertThat(Name.of(text)).isEqualTo(name));
    assertThat(Name.of(bytes)).isEqualTo(name).hasSameHashCodeAs(name);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void printsOnOneLineThatCanBeReadBack(int seed) {
    byte[] bytes = path(new Random(seed));
    String line = Printable.of(bytes);
    assertThat(line.chars()).noneMatch(Character::isISOControl);
    assertThat(line).doesNotContain("\uFFFD");
    assertThat(readBack(line)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void sortsAsAWalkMeetsThem(int seed) {
    Random random = new Random(seed);
    List<Name> names = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      names.add(Name.of(path(random)));
    }
    Collections.sort(names);
    for (int i = 1; i < names.size(); i++) {
      assertThat(walkOrder(names.get(i - 1), names.get(i))).isLessThanOrEqualTo(0);
    }
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void aPathKeepsItsBytes(int seed) {
    byte[] relative = path(new Random(seed));
    byte[] absolute =
        ("/" + new String(relative, StandardCharsets.ISO_8859_1))
            .getBytes(StandardCharsets.ISO_8859_1);
    Path path = PathBytes.toPath(absolute);
    assertThat(PathBytes.of(path)).isEqualTo(absolute);
    assertThat(PathBytes.ofName(path)).isEqualTo(Name.of(relative).last().bytes());
    assertThat(PathBytes.resolve(Path.of("/"), relative)).isEqualTo(path);
    assertThat(PathBytes.of(PathBytes.resolve(Path.of("/tmp"), relative)))
        .endsWith(relative)
        .hasSize(relative.length + 5);
  }

  /** The naive twin: component by component, bytes unsigned, the shorter first. */
  private static int walkOrder(Name a, Name b) {
    List<byte[]> left = a.components(Integer.MAX_VALUE);
    List<byte[]> right = b.components(Integer.MAX_VALUE);
    for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
      int order = Arrays.compareUnsigned(left.get(i), right.get(i));
      if (order != 0) {
        return order;
      }
    }
    return left.size() - right.size();
  }

  private static byte[] readBack(String line) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < line.length(); i++) {
      if (line.charAt(i) != '\\') {
        int codePoint = line.codePointAt(i);
        bytes.writeBytes(Character.toString(codePoint).getBytes(StandardCharsets.UTF_8));
        i += Character.charCount(codePoint) - 1;
      } else if (line.charAt(i + 1) == '\\') {
        bytes.write('\\');
        i++;
      } else {
        // U+0080 to U+009F are control characters, and two bytes.
        bytes.write(Integer.parseInt(line, i + 2, i + 4, 16));
        i += 3;
      }
    }
    return bytes.toByteArray();
  }

  /** One to four components out of bytes, text, escapes and control characters. */
  private static byte[] path(Random random) {
    List<String> pieces =
        List.of("a", "ä", "€", "😀", "\\", "\\x41", "\n", "\u007f", ".", " ", "-");
    ByteArrayOutputStream path = new ByteArrayOutputStream();
    int components = 1 + random.nextInt(4);
    for (int c = 0; c < components; c++) {
      if (c > 0) {
        path.write('/');
      }
      path.write('n');
      for (int i = random.nextInt(6); i > 0; i--) {
        int b = 1 + random.nextInt(255);
        boolean raw = random.nextBoolean() && b != '/';
        path.writeBytes(
            raw
                ? new byte[] {(byte) b}
                : pieces.get(random.nextInt(pieces.size())).getBytes(StandardCharsets.UTF_8));
      }
    }
    return path.toByteArray();
  }
}
