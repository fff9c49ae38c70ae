package dev.mica.license.ledger;

import java.util.regex.Pattern;

/** Names of 32 bytes. */
final class Hex {
  private static final Pattern NAME = Pattern.compile("[0-9a-f]{64}");

  private Hex() {}

  static void require(String hex) {
    if (!NAME.matcher(hex).matches()) {
      throw new IllegalArgumentException("not 64 lower-case hexadecimal digits: " + hex);
    }
  }
}
