package dev.mica.license.ledger;

import java.util.Set;

/**
 * The sharable level of a key: which hosts may have its seats.
 *
 * @param group of {@link Level#GROUP}; empty for the others
 */
public record Share(Level level, String group) {
  /** From the narrowest. What is not known counts as the narrowest. */
  public enum Level implements Coded {
    /** The host that installed the key. */
    EXCLUSIVE(0),
    /** The hosts of the user to whom the host belongs that installed it. */
    USER(1),
    /** The hosts of one group. */
    GROUP(2),
    /** All hosts of the fleet. */
    NETWORK(3);

    private final int code;

    Level(int code) {
      this.code = code;
    }

    @Override
    public int code() {
      return code;
    }
  }

  public static final Share EXCLUSIVE = new Share(Level.EXCLUSIVE, "");
  public static final Share USER = new Share(Level.USER, "");
  public static final Share NETWORK = new Share(Level.NETWORK, "");

  public Share {
    if ((level == Level.GROUP) == group.isEmpty()) {
      throw new IllegalArgumentException(level + " with the group '" + group + "'");
    }
  }

  public static Share group(String name) {
    return new Share(Level.GROUP, name);
  }

  /**
   * Whether a host may have seats of a key that {@code home} installed. Nobody is the user of a
   * host that has none.
   */
  boolean admits(HostId host, String user, Set<String> groups, HostId home, String homeUser) {
    return switch (level) {
      case EXCLUSIVE -> host.equals(home);
      case USER -> host.equals(home) || (!user.isEmpty() && user.equals(homeUser));
      case GROUP -> groups.contains(group);
      case NETWORK -> true;
    };
  }
}
