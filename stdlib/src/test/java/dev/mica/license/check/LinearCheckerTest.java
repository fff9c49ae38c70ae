package dev.mica.license.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.mica.license.check.LinearChecker.Call;
import dev.mica.license.check.LinearChecker.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Histories of one seat, a line each: {@code +a 1-4 yes} is that a asks for it from 1 to 4 and gets
 * it, {@code -a} that it gives it back; {@code ?} is an answer that never came.
 */
class LinearCheckerTest {
  static Stream<Arguments> histories() {
    return Stream.of(
        Arguments.of(true, "nothing", ""),
        Arguments.of(true, "one after another", "+a 1-2 yes, -a 3-4 yes, +b 5-6 yes"),
        Arguments.of(true, "a race that one wins", "+a 1-4 no, +b 2-3 yes"),
        Arguments.of(false, "a race that both win", "+a 1-4 yes, +b 2-3 yes"),
        Arguments.of(false, "refused though it was free", "+a 1-2 no"),
        Arguments.of(false, "refused before the other asked", "+a 1-2 no, +b 3-4 yes"),
        Arguments.of(true, "given while it is given back", "+a 1-2 yes, -a 3-9 yes, +b 4-5 yes"),
        Arguments.of(false, "given before it is given back", "+a 1-2 yes, +b 3-4 yes, -a 5-6 yes"),
        Arguments.of(true, "the lost one was done", "+a 1-? ?, +b 3-4 no"),
        Arguments.of(true, "the lost one was not done", "+a 1-? ?, +b 3-4 yes"),
        Arguments.of(false, "the lost one was done and not", "+a 1-? ?, +b 3-4 yes, +c 5-6 yes"),
        Arguments.of(
            true, "the lost one is done late", "+a 1-? ?, +b 3-4 yes, -b 5-6 yes, +c 7-8 no"),
        Arguments.of(false, "not even late", "+b 1-2 yes, -b 3-4 yes, +c 5-6 no, +a 7-? ?"));
  }

  @ParameterizedTest(name = "{1}")
  @MethodSource("histories")
  void isOrIsNot(boolean expected, String name, String lines) {
    List<Call<String, String>> calls = new ArrayList<>();
    for (String line : lines.split(", *", -1)) {
      if (!line.isEmpty()) {
        String[] words = line.split("[ -](?=[0-9?yn])", -1);
        boolean isLost = words[2].equals("?");
        calls.add(
            new Call<>(
                Long.parseLong(words[1]),
                isLost ? Long.MAX_VALUE : Long.parseLong(words[2]),
                words[0],
                isLost ? Optional.empty() : Optional.of(words[3])));
      }
    }
    assertEquals(expected, LinearChecker.isLinearizable("", calls, LinearCheckerTest::seat));
  }

  private static Step<String, String> seat(String holder, String asked) {
    String who = asked.substring(1);
    if (asked.startsWith("+")) {
      return holder.isEmpty() ? new Step<>(who, "yes") : new Step<>(holder, "no");
    }
    return holder.equals(who) ? new Step<>("", "yes") : new Step<>(holder, "no");
  }
}
