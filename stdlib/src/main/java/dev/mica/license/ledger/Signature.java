package dev.mica.license.ledger;

import java.util.regex.Pattern;

/**
 * A signature.
 *
 * @param hex its 64 bytes, as 128 lower-case hexadecimal digits
 */
public record Signature(String hex) {
  private static final Pattern BYTES = Pattern.compile("[0-9a-f]{128}");

  public Signature {
    if (!BYTES.matcher(hex).matches()) {
      throw new IllegalArgumentException("not 128 lower-case hexadecimal digits: " + hex);
    }
  }
}
