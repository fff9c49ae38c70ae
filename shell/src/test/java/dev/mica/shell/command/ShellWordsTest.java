package dev.mica.shell.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ShellWordsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "a b; [a, b]",
        "'a b' c; [a b, c]",
        "a\\ b; [a b]",
        "\"a 'b'\" ''; [a 'b', ]",
        "x'y'z; [xyz]",
        "'it'\\''s'; [it's]"
      })
  void areCutAsShellsDo(String line, String words) {
    assertThat(ShellWords.of(line).texts()).hasToString(words);
    assertThat(ShellWords.of(line).isIncomplete()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {"'a;1", "a \"b;1", "a\\;1"})
  void anOpenQuoteAsksForMore(String line, int unused) {
    assertThat(ShellWords.of(line).isIncomplete()).isTrue();
  }

  /** Whatever is quoted reads as the same single word. */
  @Test
  void quotingIsUndoneByReading() {
    Random random = new Random(7);
    String alphabet = "ab '\"\\$*(){}[]é!#;|&<>`?~";
    for (int i = 0; i < 5_000; i++) {
      String text =
          random
              .ints(1 + random.nextInt(12), 0, alphabet.length())
              .mapToObj(at -> alphabet.substring(at, at + 1))
              .collect(Collectors.joining());
      for (char quote : new char[] {ShellWords.NONE, '\'', '"'}) {
        String around = quote == ShellWords.NONE ? "" : String.valueOf(quote);
        String line = around + ShellWords.quote(text, quote) + around;
        assertThat(ShellWords.of(line).texts()).as(line).containsExactly(text);
      }
    }
  }
}
