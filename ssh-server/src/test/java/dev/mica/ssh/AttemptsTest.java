package dev.mica.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.Mica;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How many failed attempts are written, over a clock of the test's own. */
final class AttemptsTest {
  private long now = 1_000_000_000L;

  @Test
  void strangersCannotFillTheAudit(@TempDir Path home) {
    Attempts attempts = new Attempts(Mica.open(home).audit(), () -> now);
    for (int i = 0; i < Attempts.MOST_IN_AN_HOUR; i++) {
      assertThat(attempts.count()).isZero();
    }
    for (int i = 0; i < 7; i++) {
      assertThat(attempts.count()).isNegative();
    }
    now += Duration.ofMinutes(59).toNanos();
    assertThat(attempts.count()).isNegative();
    now += Duration.ofMinutes(1).toNanos();
    assertThat(attempts.count()).as("those that were passed over").isEqualTo(8);
    assertThat(attempts.count()).isZero();
  }
}
