package dev.mica.ssh;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * Who may begin to log in now. As OpenSSH's MaxStartups and PerSourcePenalties: from ten beginners
 * on, newcomers are dropped by chance, and all of them from sixty on; one source has nine at most,
 * so that it alone has nobody else dropped; and a source that fails again and again has to wait. Of
 * IPv6 a source is a network of 64 bits, for whoever has one address of it has all.
 */
final class Startups {
  private static final int FREE = 10;
  private static final int MOST = 60;
  private static final double FIRST_CHANCE = 0.3;
  private static final int MOST_PER_SOURCE = 9;

  /** What is less is not made to wait for: somebody who mistook a key once. */
  private static final long PATIENCE = Duration.ofSeconds(15).toNanos();

  private static final long PENALTY = Duration.ofSeconds(5).toNanos();
  private static final long LONGEST = Duration.ofMinutes(10).toNanos();

  /** So many sources are remembered; the one that failed longest ago is forgotten first. */
  private static final int MOST_SOURCES = 65_536;

  private static final int PREFIX = 8;

  private final LongSupplier clock;
  private final DoubleSupplier chance;
  private final Map<String, Integer> beginners = new HashMap<>();
  private int all;

  /** By when each source has served its penalty, in nanoseconds of the clock. */
  private final LinkedHashMap<String, Long> penalties = new LinkedHashMap<>();

  /**
   * None yet.
   *
   * @param clock nanoseconds of any beginning
   * @param chance from 0 to 1, anew each time
   */
  Startups(LongSupplier clock, DoubleSupplier chance) {
    this.clock = clock;
    this.chance = chance;
  }

  private static String source(InetAddress address) {
    byte[] bytes = address.getAddress();
    return HexFormat.of()
        .formatHex(address instanceof Inet6Address ? Arrays.copyOf(bytes, PREFIX) : bytes);
  }

  /** Whether somebody at {@code address} may begin; then {@link #ended} is to follow. */
  synchronized boolean begins(InetAddress address) {
    String source = source(address);
    int same = beginners.getOrDefault(source, 0);
    if (same >= MOST_PER_SOURCE || isDropped() || isPenalised(source)) {
      return false;
    }
    beginners.put(source, same + 1);
    all++;
    return true;
  }

  private boolean isDropped() {
    if (all < FREE) {
      return false;
    }
    double over = (double) (all - FREE) / (MOST - FREE);
    return all >= MOST || chance.getAsDouble() < FIRST_CHANCE + (1 - FIRST_CHANCE) * over;
  }

  private boolean isPenalised(String source) {
    Long until = penalties.get(source);
    if (until == null) {
      return false;
    }
    long left = until - clock.getAsLong();
    if (left <= 0) {
      penalties.remove(source);
    }
    return left > PATIENCE;
  }

  /** A beginner from there is none any more: they are in, or gone. */
  synchronized void ended(InetAddress address) {
    String source = source(address);
    all--;
    beginners.merge(source, -1, Integer::sum);
    beginners.remove(source, 0);
  }

  /** A beginner from there has failed; each time in a row costs more. */
  synchronized void failed(InetAddress address) {
    String source = source(address);
    long now = clock.getAsLong();
    Long before = penalties.remove(source);
    long left = before == null ? 0 : Math.max(0, before - now);
    penalties.put(source, now + Math.min(LONGEST, left + Math.max(PENALTY, left / 2)));
    if (penalties.size() > MOST_SOURCES) {
      penalties.remove(penalties.keySet().iterator().next());
    }
  }
}
