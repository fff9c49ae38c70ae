package dev.mica.ssh;

import dev.mica.access.Role;
import dev.mica.failure.MicaException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The settings of a server.
 *
 * @param listen the address to listen at; port 0: any port that is free
 * @param compatible whether clients without a post-quantum key exchange are accepted, too
 * @param recorded the roles whose terminals are recorded
 * @param grace how long a client may take to log in
 * @param keepalive how often a client is asked whether it is still there
 */
public record Settings(
    InetSocketAddress listen,
    boolean compatible,
    Set<Role> recorded,
    Duration grace,
    Duration keepalive) {
  private static final Duration USUAL_GRACE = Duration.ofSeconds(30);
  private static final Duration USUAL_KEEPALIVE = Duration.ofSeconds(60);
  private static final Pattern LISTEN =
      Pattern.compile("(?:\\[([^\\]]+)\\]|([^:\\[\\]]*)):(\\d{1,5})");
  private static final int LARGEST_PORT = 65535;

  /** {@code 127.0.0.1:2222} or {@code [::1]:2222}; fails if it is neither. */
  public static Settings of(String listen, boolean compatible) {
    return of(listen, compatible, Set.of());
  }

  /** The same, where the terminals of these roles are recorded. */
  public static Settings of(String listen, boolean compatible, Set<Role> recorded) {
    Matcher parts = LISTEN.matcher(listen);
    if (!parts.matches() || Integer.parseInt(parts.group(3)) > LARGEST_PORT) {
      throw refused(listen, "it is not ADDRESS:PORT");
    }
    String address = parts.group(1) == null ? parts.group(2) : parts.group(1);
    try {
      return new Settings(
          new InetSocketAddress(InetAddress.ofLiteral(address), Integer.parseInt(parts.group(3))),
          compatible,
          Set.copyOf(recorded),
          USUAL_GRACE,
          USUAL_KEEPALIVE);
    } catch (IllegalArgumentException name) {
      throw refused(listen, "'" + address + "' is no address").because(name);
    }
  }

  /** The same with another time to log in. */
  public Settings withGrace(Duration time) {
    return new Settings(listen, compatible, recorded, time, keepalive);
  }

  /** The same with another interval of questions. */
  public Settings withKeepalive(Duration interval) {
    return new Settings(listen, compatible, recorded, grace, interval);
  }

  private static MicaException refused(String listen, String why) {
    return MicaException.usage("listen at", listen, why)
        .hint("write for example 127.0.0.1:2222 or [::1]:2222; 0.0.0.0:2222 is every address");
  }
}
