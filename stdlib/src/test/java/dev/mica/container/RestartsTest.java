package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mica.failure.MicaException;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whether a VM is started again, and after how long. */
final class RestartsTest {
  /** Each run: its exit status, and the seconds that it took; then what was waited, ms, or no. */
  @ParameterizedTest
  @CsvSource({
    "no, 1/0, no",
    "always, 0/0 0/0 1/0 0/0, 100 200 400 800",
    "always, 0/0 0/0 0/9 0/10 0/0, 100 200 400 100 200",
    "always, 0/0 0/0 0/0 0/0 0/0 0/0 0/0 0/0 0/0 0/0 0/0 0/0,"
        + " 100 200 400 800 1600 3200 6400 12800 25600 51200 60000 60000",
    "on-failure, 0/0, no",
    "on-failure, 1/0 137/99 0/0, 100 100 no",
    "on-failure:2, 1/0 1/0 1/0, 100 200 no",
    "on-failure:2, 1/60 1/60 1/60, 100 100 no",
  })
  void waitsForLongerAndLonger(String policy, String runs, String waits) {
    Optional<Restarts> restarts = Optional.of(Restarts.NONE);
    StringBuilder waited = new StringBuilder();
    int count = 0;
    for (String run : runs.split(" ", -1)) {
      String[] facts = run.split("/", -1);
      restarts =
          restarts
              .orElseThrow()
              .next(
                  Restart.of(policy),
                  !facts[0].equals("0"),
                  Duration.ofSeconds(Long.parseLong(facts[1])));
      waited
          .append(restarts.map(is -> Long.toString(is.waited().toMillis())).orElse("no"))
          .append(' ');
      if (restarts.isPresent()) {
        count++;
        assertThat(restarts.get().count()).isEqualTo(count);
      }
    }
    assertThat(waited.toString().strip()).isEqualTo(waits);
  }

  @ParameterizedTest
  @ValueSource(strings = {"no", "always", "on-failure", "on-failure:1", "on-failure:999999"})
  void aPolicyIsSaidAsItIsTaken(String policy) {
    assertThat(Restart.of(policy)).hasToString(policy);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "yes",
        "Always",
        "always:3",
        "on-failure:0",
        "on-failure:-1",
        "on-failure:",
        "unless-stopped"
      })
  void anotherIsRefused(String policy) {
    assertThatThrownBy(() -> Restart.of(policy))
        .isInstanceOf(MicaException.class)
        .hasMessageEndingWith("there are no, on-failure, on-failure:N and always");
  }
}
