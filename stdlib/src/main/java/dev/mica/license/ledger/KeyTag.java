package dev.mica.license.ledger;

/**
 * What a licence key is called between hosts: a digest keyed with a secret of the fleet. The key
 * itself is on no wire.
 *
 * @param hex 64 lower-case hexadecimal digits
 */
public record KeyTag(String hex) implements Comparable<KeyTag> {
  public KeyTag {
    Hex.require(hex);
  }

  @Override
  public int compareTo(KeyTag other) {
    return hex.compareTo(other.hex);
  }

  @Override
  public String toString() {
    return hex;
  }
}
