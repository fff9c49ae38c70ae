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
 * Decides who may begin to log in, as OpenSSH's {@code MaxStartups} and {@code PerSourcePenalties}
 * do. If ten clients have begun, more of them are dropped at random, and all of them if sixty have
 * begun. One source may begin nine logins at most, so that it alone cannot have others dropped. A
 * source that fails again and again has to wait. A source is an IPv4 address or an IPv6 network of
 * 64 bits, because who has one address of such a network has all.
 */
final class Startups {
  private static final int FREE = 10;
  private static final int MOST = 60;
  private static final double FIRST_CHANCE = 0.3;
  private static final int MOST_PER_SOURCE = 9;

  /** A smaller penalty is not enforced: somebody may have chosen a wrong key once. */
  private static final long PATIENCE = Duration.ofSeconds(15).toNanos();

  private static final long PENALTY = Duration.ofSeconds(5).toNanos();
  private static final long LONGEST = Duration.ofMinutes(10).toNanos();

  /** How many sources are remembered; the one that failed longest ago is forgotten first. */
  private static final int MOST_SOURCES = 65_536;

  private static final int PREFIX = 8;

  private final LongSupplier clock;
  private final DoubleSupplier chance;
  private final Map<String, Integer> beginners = new HashMap<>();
  private int all;

  /** When the penalty of each source ends, in nanoseconds of the clock. */
  private final LinkedHashMap<String, Long> penalties = new LinkedHashMap<>();

  /**
   * Begins without any client.
   *
   * @param clock nanoseconds since any moment
   * @param chance a random number from 0 to 1 at each call
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

  /** Whether a client at {@code address} may begin; if so, {@link #ended} must be called later. */
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

  /** A client from there has logged in or disconnected. */
  synchronized void ended(InetAddress address) {
    String source = source(address);
    all--;
    beginners.merge(source, -1, Integer::sum);
    beginners.remove(source, 0);
  }

  /** A client from there has failed; each failure in a row makes the source wait longer. */
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
