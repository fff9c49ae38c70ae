package dev.mica.scripting.complete;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SourceTextTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "union {",
        "f('a',",
        "[1, 2",
        "a +",
        "x =",
        "if (x)",
        "for (i in 1..3)",
        "while (true)",
        "else",
        "'''abc",
        "\"\"\"a ${b}",
        "/* ab",
        "\"${a",
        "{ ->",
        "a ? b :",
        "foo.",
        "x = [",
        "a {\n b {\n }",
        "def f(x) {",
        "do",
        "try",
        "$/abc"
      })
  void moreLinesMustFollow(String text) {
    assertThat(SourceText.of(text).isIncomplete()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "1",
        "x = 3",
        "a { }",
        "'abc'",
        "'abc",
        "\"a ${b} c\"",
        "x++",
        ")(",
        "}",
        "a / b / c",
        "x = /a{/",
        "x = 3 // {",
        "/* { */ 1",
        "do { } while (x)",
        "if (x) y",
        "a ?: b",
        "'{'",
        "\"\"\"a\nb\"\"\"",
        "folder('/x') / 'y'",
        "1..5",
        "[1]*.toString()",
        "'it\\'s'",
        "\"${x}\""
      })
  void enoughIsThere(String text) {
    assertThat(SourceText.of(text).isIncomplete()).isFalse();
  }

  @Test
  void anyTextIsReadWithoutFailing() {
    Random random = new Random(42);
    String alphabet = "ab1 '\"/\\${}()[].,=+-\n*#é\u0000";
    for (int i = 0; i < 20_000; i++) {
      String text =
          random
              .ints(random.nextInt(30), 0, alphabet.length())
              .mapToObj(at -> alphabet.substring(at, at + 1))
              .collect(Collectors.joining());
      int end = 0;
      for (Token token : SourceText.of(text).tokens()) {
        assertThat(token.start()).as(text).isGreaterThanOrEqualTo(end);
        assertThat(token.text()).isEqualTo(text.substring(token.start(), token.end()));
        end = token.end();
      }
      assertThat(end).isLessThanOrEqualTo(text.length());
    }
  }
}
