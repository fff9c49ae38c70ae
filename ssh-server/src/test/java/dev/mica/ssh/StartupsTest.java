package dev.mica.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Who may begin, over a clock of the test's own. */
final class StartupsTest {
  private static final InetAddress HOME = InetAddress.ofLiteral("192.0.2.1");

  private long now = 1_000_000_000L;
  private int clients;
  private final Startups<Integer> startups = new Startups<>(() -> now);

  /** One more client; whether it may begin. */
  private boolean begins(InetAddress address) {
    clients++;
    return startups.begins(clients, address);
  }

  private static InetAddress other(int number) {
    return InetAddress.ofLiteral("198.51.100." + number);
  }

  private void pass(Duration time) {
    now += time.toNanos();
  }

  private void fail(InetAddress address) {
    assertThat(begins(address)).isTrue();
    assertThat(startups.ended(clients)).isTrue();
    startups.failed(address);
  }

  @Test
  void aSourceHasNineAtOnceAndNobodyElsePaysForIt() {
    for (int i = 0; i < 9; i++) {
      assertThat(begins(HOME)).isTrue();
    }
    assertThat(begins(HOME)).isFalse();
    assertThat(begins(other(1))).isTrue();
    assertThat(startups.ended(1)).isTrue();
    assertThat(startups.ended(1)).as("once").isFalse();
    assertThat(begins(HOME)).isTrue();
    assertThat(startups.tooMany()).isEmpty();
  }

  /** Those of one address each: the first one leaves. */
  @Test
  void forOneMoreThanSixtyTheFirstLeaves() {
    for (int i = 0; i < 60; i++) {
      assertThat(begins(other(i))).isTrue();
      assertThat(startups.tooMany()).isEmpty();
    }
    for (int i = 60; i < 200; i++) {
      assertThat(begins(other(i))).isTrue();
      assertThat(startups.tooMany()).contains(i - 59);
      assertThat(startups.tooMany()).isEmpty();
      assertThat(startups.ended(i - 59)).as("it has left").isFalse();
    }
  }

  /** Whoever has many pays for it, and whoever came before with one stays. */
  @Test
  void ofTheSourceWithMostOneLeaves() {
    assertThat(begins(HOME)).isTrue();
    for (int i = 0; i < 59; i++) {
      assertThat(begins(other(i / 9))).isTrue();
    }
    assertThat(begins(other(99))).isTrue();
    assertThat(startups.tooMany()).as("of those with nine the first").contains(2);
    assertThat(begins(other(98))).isTrue();
    assertThat(startups.tooMany()).as("of those that still have nine").contains(11);
    assertThat(startups.ended(1)).isTrue();
  }

  @Test
  void whoFailsAgainAndAgainHasToWaitAndIsServedAgain() {
    for (int i = 0; i < 4; i++) {
      fail(HOME);
    }
    assertThat(begins(HOME)).isFalse();
    assertThat(begins(other(1))).isTrue();
    pass(Duration.ofSeconds(8));
    assertThat(begins(HOME)).isTrue();
  }

  @Test
  void aMistakeNowAndThenCostsNothing() {
    for (int i = 0; i < 100; i++) {
      fail(HOME);
      pass(Duration.ofSeconds(6));
    }
    assertThat(begins(HOME)).isTrue();
  }

  @Test
  void noPenaltyIsLongerThanTenMinutes() {
    for (int i = 0; i < 1000; i++) {
      startups.failed(HOME);
    }
    assertThat(begins(HOME)).isFalse();
    pass(Duration.ofMinutes(10));
    assertThat(begins(HOME)).isTrue();
  }

  /** Whoever has one address of a network of 64 bits has them all. */
  @Test
  void aSourceOfIpv6IsANetwork() {
    for (int i = 0; i < 9; i++) {
      assertThat(begins(InetAddress.ofLiteral("2001:db8::" + i))).isTrue();
    }
    assertThat(begins(InetAddress.ofLiteral("2001:db8::ffff:1"))).isFalse();
    assertThat(begins(InetAddress.ofLiteral("2001:db8:0:1::1"))).isTrue();
  }
}
