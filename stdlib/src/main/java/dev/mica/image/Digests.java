package dev.mica.image;

import java.util.HexFormat;

/** Digests of what is in memory. */
final class Digests {
  private Digests() {}

  /** {@code sha256:} and the hexadecimal digits. */
  static String of(byte[] content) {
    return "sha256:" + HexFormat.of().formatHex(Part.sha256().digest(content));
  }
}
