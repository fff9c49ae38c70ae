package dev.mica.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Who may begin, over a clock and a chance of the test's own. */
final class StartupsTest {
  private static final InetAddress HOME = InetAddress.ofLiteral("192.0.2.1");

  private long now = 1_000_000_000L;
  private double chance = 1;
  private final Startups startups = new Startups(() -> now, () -> chance);

  private static InetAddress other(int number) {
    return InetAddress.ofLiteral("198.51.100." + number);
  }

  private void pass(Duration time) {
    now += time.toNanos();
  }

  private void fail(InetAddress address) {
    assertThat(startups.begins(address)).isTrue();
    startups.ended(address);
    startups.failed(address);
  }

  @Test
  void aSourceHasNineAtOnceAndNobodyElsePaysForIt() {
    chance = 0;
    for (int i = 0; i < 9; i++) {
      assertThat(startups.begins(HOME)).isTrue();
    }
    assertThat(startups.begins(HOME)).isFalse();
    assertThat(startups.begins(other(1))).isTrue();
    startups.ended(HOME);
    assertThat(startups.begins(HOME)).isTrue();
  }

  @Test
  void fromTenOnChanceDecidesAndFromSixtyOnNobodyBegins() {
    chance = 0;
    for (int i = 0; i < 10; i++) {
      assertThat(startups.begins(other(i))).isTrue();
    }
    assertThat(startups.begins(other(10))).as("at the lowest chance").isFalse();
    chance = 0.31;
    assertThat(startups.begins(other(10))).isTrue();
    chance = 0.999;
    for (int i = 11; i < 60; i++) {
      assertThat(startups.begins(other(i))).as("number %d", i).isTrue();
    }
    chance = 1;
    assertThat(startups.begins(other(60))).isFalse();
    startups.ended(other(0));
    assertThat(startups.begins(other(60))).isTrue();
  }

  @Test
  void whoFailsAgainAndAgainHasToWaitAndIsServedAgain() {
    for (int i = 0; i < 4; i++) {
      fail(HOME);
    }
    assertThat(startups.begins(HOME)).isFalse();
    assertThat(startups.begins(other(1))).isTrue();
    pass(Duration.ofSeconds(8));
    assertThat(startups.begins(HOME)).isTrue();
  }

  @Test
  void aMistakeNowAndThenCostsNothing() {
    for (int i = 0; i < 100; i++) {
      fail(HOME);
      pass(Duration.ofSeconds(6));
    }
    assertThat(startups.begins(HOME)).isTrue();
  }

  @Test
  void noPenaltyIsLongerThanTenMinutes() {
    for (int i = 0; i < 1000; i++) {
      startups.failed(HOME);
    }
    assertThat(startups.begins(HOME)).isFalse();
    pass(Duration.ofMinutes(10));
    assertThat(startups.begins(HOME)).isTrue();
  }

  /** Whoever has one address of a network of 64 bits has them all. */
  @Test
  void aSourceOfIpv6IsANetwork() {
    for (int i = 0; i < 9; i++) {
      assertThat(startups.begins(InetAddress.ofLiteral("2001:db8::" + i))).isTrue();
    }
    assertThat(startups.begins(InetAddress.ofLiteral("2001:db8::ffff:1"))).isFalse();
    assertThat(startups.begins(InetAddress.ofLiteral("2001:db8:0:1::1"))).isTrue();
  }
}
