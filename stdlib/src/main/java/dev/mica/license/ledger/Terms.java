package dev.mica.license.ledger;

/**
 * What a key allows, as its issuer signed it.
 *
 * @param serial of keys with one id the highest holds: an issuer replaces a key by a later one
 * @param seats how many VMs may run at the same time, 1 to {@value #MOST_SEATS}
 * @param share which hosts may have seats
 * @param policy what frees a seat whose host is not heard of
 * @param overage how many seats more may be handed out, in percent of {@code seats}
 * @param ttl how long a lease lasts that is not renewed, in seconds, at most
 * @param offline how long a host may keep seats without contact, in seconds; 0 for not at all
 * @param expires after when no seat is given, in seconds since 1970; 0 for never
 */
public record Terms(
    long serial,
    int seats,
    Share share,
    Policy policy,
    int overage,
    int ttl,
    int offline,
    long expires) {
  public static final int MOST_SEATS = 1_000_000;

  /** What frees a seat whose host is not heard of. */
  public enum Policy implements Coded {
    /** The end of its lease. */
    LEASE(0),
    /** Its release, or an operator. */
    STICKY(1);

    private final int code;

    Policy(int code) {
      this.code = code;
    }

    @Override
    public int code() {
      return code;
    }
  }

  public Terms {
    require(serial >= 0, "serial", serial);
    require(seats >= 1 && seats <= MOST_SEATS, "seats", seats);
    require(overage >= 0 && overage <= 100, "overage", overage);
    require(ttl >= 1, "ttl", ttl);
    require(offline >= 0, "offline", offline);
    require(expires >= 0, "expires", expires);
  }

  private static void require(boolean holds, String what, long value) {
    if (!holds) {
      throw new IllegalArgumentException(what + " of a key cannot be " + value);
    }
  }

  /** How many seats may be handed out, those above what the key has included. */
  public int capacity() {
    return seats + (int) ((long) seats * overage / 100);
  }
}
