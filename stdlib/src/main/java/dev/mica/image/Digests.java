package dev.mica.image;

import dev.mica.core.Sha256;

/** Digests of what is in memory. */
final class Digests {
  private Digests() {}

  /** {@code sha256:} and the hexadecimal digits. */
  static String of(byte[] content) {
    try (Sha256 sha = new Sha256()) {
      sha.add(content, content.length);
      return sha.digest();
    }
  }
}
