package dev.mica.license.ledger;

/**
 * A host of the fleet: the SHA-256 of its public key, so that nobody can take the name of another.
 *
 * @param hex 64 lower-case hexadecimal digits
 */
public record HostId(String hex) implements Comparable<HostId> {
  public HostId {
    Hex.require(hex);
  }

  @Override
  public int compareTo(HostId other) {
    return hex.compareTo(other.hex);
  }

  @Override
  public String toString() {
    return hex;
  }
}
