package dev.mica.license.ledger;

/**
 * An Ed25519 public key.
 *
 * @param hex its 32 bytes, as 64 lower-case hexadecimal digits
 */
public record PublicKey(String hex) {
  public PublicKey {
    Hex.require(hex);
  }
}
