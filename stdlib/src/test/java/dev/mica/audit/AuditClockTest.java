package dev.mica.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mica.access.Caller;
import dev.mica.access.Role;
import dev.mica.state.StateDir;
import dev.mica.test.ScratchTest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A clock may be set back; what was done first is still told first, and nothing looks changed. */
final class AuditClockTest extends ScratchTest {
  private static final Instant NOON = Instant.parse("2026-11-30T12:00:00Z");

  private void write(AuditLog log, String what) {
    Caller.of("ann", Role.OPERATOR, scratch.path(""), Map.of())
        .seenBy(log)
        .run(Role.OPERATOR, "make", what, () -> {});
  }

  @Test
  void theOrderIsThatOfTheLinesAndNotOfTheClock() {
    List<Instant> times =
        List.of(NOON, NOON.minus(Duration.ofDays(400)), NOON.plusSeconds(1), Instant.EPOCH);
    // So few bytes in a file that each line begins another one: files are in order, too.
    for (long size : new long[] {1 << 20, 1}) {
      for (int i = 0; i < times.size(); i++) {
        Instant now = times.get(i);
        InstantSource clock = () -> now;
        AuditLog.Limits limits = new AuditLog.Limits(size, 100);
        write(new AuditLog(StateDir.at(scratch.path("home")), limits, clock), "thing " + i);
      }
    }
    assertThat(mica.audit().list())
        .extracting(AuditLine::what)
        .containsExactly(
            "make thing 0",
            "make thing 1",
            "make thing 2",
            "make thing 3",
            "make thing 0",
            "make thing 1",
            "make thing 2",
            "make thing 3");
    assertThat(mica.audit().list()).extracting(AuditLine::number).isSorted();
    assertThat(mica.audit().list().get(1).time()).isEqualTo(times.get(1));
    assertThat(mica.audit().verify().problem()).isEmpty();
    assertThat(mica.audit().verify().last()).isEqualTo(8);
  }
}
