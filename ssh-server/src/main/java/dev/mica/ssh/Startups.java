package dev.mica.ssh;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Decides who may begin to log in. Sixty clients may have begun, and nine of one source, which is
 * an IPv4 address or an IPv6 network of 64 bits, because who has one address of such a network has
 * all. For one more of sixty another one has to leave: the first of the source that has most. So
 * nobody keeps others out by beginning and not going on, from however many addresses. A source that
 * fails again and again has to wait, as with OpenSSH's {@code PerSourcePenalties}.
 *
 * @param <C> a client
 */
final class Startups<C> {
  private static final int MOST = 60;
  private static final int MOST_PER_SOURCE = 9;

  /** A smaller penalty is not enforced: somebody may have chosen a wrong key once. */
  private static final long PATIENCE = Duration.ofSeconds(15).toNanos();

  private static final long PENALTY = Duration.ofSeconds(5).toNanos();
  private static final long LONGEST = Duration.ofMinutes(10).toNanos();

  /** How many sources are remembered; the one that failed longest ago is forgotten first. */
  private static final int MOST_SOURCES = 65_536;

  private static final int PREFIX = 8;

  private final LongSupplier clock;

  /** Who has begun and neither logged in nor left, the first one first, and from which source. */
  private final Map<C, String> beginners = new LinkedHashMap<>();

  private final Map<String, Integer> perSource = new HashMap<>();

  /** When the penalty of each source ends, in nanoseconds of the clock. */
  private final LinkedHashMap<String, Long> penalties = new LinkedHashMap<>();

  /**
   * Begins without any client.
   *
   * @param clock nanoseconds since any moment
   */
  Startups(LongSupplier clock) {
    this.clock = clock;
  }

  private static String source(InetAddress address) {
    byte[] bytes = address.getAddress();
    return HexFormat.of()
        .formatHex(address instanceof Inet6Address ? Arrays.copyOf(bytes, PREFIX) : bytes);
  }

  /** Whether a client at {@code address} may begin; if so, {@link #ended} must be called later. */
  synchronized boolean begins(C client, InetAddress address) {
    String source = source(address);
    int same = perSource.getOrDefault(source, 0);
    if (same >= MOST_PER_SOURCE || isPenalised(source)) {
      return false;
    }
    perSource.put(source, same + 1);
    beginners.put(client, source);
    return true;
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

  /** Who has to leave because too many have begun; that one has {@link #ended}. */
  synchronized Optional<C> tooMany() {
    if (beginners.size() <= MOST) {
      return Optional.empty();
    }
    int most = Collections.max(perSource.values());
    Optional<C> first =
        beginners.entrySet().stream()
            .filter(each -> perSource.getOrDefault(each.getValue(), 0) == most)
            .map(Map.Entry::getKey)
            .findFirst();
    first.ifPresent(this::ended);
    return first;
  }

  /** A client has logged in or disconnected; whether it had begun until now. */
  synchronized boolean ended(C client) {
    String source = beginners.remove(client);
    if (source == null) {
      return false;
    }
    perSource.merge(source, -1, Integer::sum);
    perSource.remove(source, 0);
    return true;
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
