package dev.mica.license.ledger;

import java.util.HexFormat;
import java.util.Locale;

/**
 * Bytes that only hosts of the fleet can read.
 *
 * @param hex in lower-case hexadecimal digits; at most {@value #MOST} bytes
 */
public record Sealed(String hex) {
  public static final int MOST = 8192;

  public Sealed {
    if (hex.length() > 2 * MOST || !hex.equals(hex.toLowerCase(Locale.ROOT))) {
      throw new IllegalArgumentException(hex.length() + " digits, or not in lower case");
    }
    HexFormat.of().parseHex(hex);
  }
}
