package dev.mica.shell;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ArgumentsTest {
  private static final String LINE = "java\0Main\0diff\0/\u00e9\0\0";

  private static byte[] line() {
    return LINE.getBytes(ISO_8859_1);
  }

  @Test
  void theEndOfTheCommandLineIsWhatWasGiven() {
    assertThat(Arguments.last(line(), new String[] {"diff", "/\ufffd", ""}))
        .containsExactly("diff", "/\udce9", "");
  }

  @Test
  void anotherCommandLineIsNotBelieved() {
    String[] args = {"stat", "/\ufffd", ""};
    assertThat(Arguments.last(line(), args)).containsExactly(args);
    String[] more = {"a", "b", "c", "java", "Main", "diff", "/\ufffd", ""};
    assertThat(Arguments.last(line(), more)).containsExactly(more);
  }
}
