package dev.mica.license.ledger;

/** What became of a request. */
public enum Verdict implements Coded {
  /** It was done; of a seat, it is the host's. */
  GRANT(0),
  /** All seats are taken. */
  DENY_FULL(1),
  /** No host has installed a key with that tag. */
  DENY_UNKNOWN_KEY(2),
  /** The number of seats or the sharable level is not what the key says. */
  DENY_MISMATCH(3),
  /** The key is not for this host. */
  DENY_NOT_SHARABLE(4),
  DENY_EXPIRED(5),
  DENY_REVOKED(6),
  /** A VM of that id has a seat on another host, or of another key. */
  DENY_VM_ELSEWHERE(7),
  /** The request is of an earlier boot or epoch, was given up, or its answer is forgotten. */
  DENY_STALE(8),
  /** No host of the fleet has that id: it has not said hello. */
  DENY_UNKNOWN_HOST(9),
  /** Two hosts are alive with one identity: neither gets anything until an operator has chosen. */
  DENY_DUPLICATE_HOST(10),
  /** The ledger was recovered a moment ago: leases from before may still run. */
  DENY_FROZEN(11),
  /** The host holds no such seat. */
  DENY_NOT_HELD(12),
  /** It is not signed by whom it names, or by nobody who may do that. */
  DENY_FORGED(13);

  private final int code;

  Verdict(int code) {
    this.code = code;
  }

  @Override
  public int code() {
    return code;
  }
}
