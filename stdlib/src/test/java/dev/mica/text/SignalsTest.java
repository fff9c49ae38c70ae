package dev.mica.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalInt;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The signals as images and people write them. */
final class SignalsTest {
  @ParameterizedTest
  @CsvSource({
    "SIGTERM, 15",
    "quit, 3",
    "Usr1, 10",
    "SIGUSR2, 12",
    "SIGWINCH, 28",
    "SYS, 31",
    "9, 9",
    "64, 64",
    "SIGRTMIN+3, 37",
    "RTMAX-1, 63",
    "SIGRTMIN, 34",
  })
  void hasANumber(String text, int number) {
    assertThat(Signals.number(text)).isEqualTo(OptionalInt.of(number));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "SIG", "0", "65", "-1", "SIGNONE", "RTMIN-1", "RTMAX+1", "RTMIN+", "1e1"})
  void isNone(String text) {
    assertThat(Signals.number(text)).isEmpty();
  }
}
