package dev.mica.image;

import dev.mica.core.TarLimits;

/** How large what a stranger sends may get. */
final class Limits {
  /** Of a manifest, an index, a configuration. */
  static final int DOCUMENT = 4 << 20;

  private static final long MOST = 64L << 30;
  private static final long ALWAYS = 256L << 20;

  /** gzip cannot do more; what has more by zstd is a bomb. */
  private static final long RATIO = 1100;

  private static final long MOST_ENTRIES = 10_000_000;
  private static final int LONGEST_PATH = 4096;
  private static final int DEEPEST = 512;

  private Limits() {}

  /** Bytes that so many bytes may be, uncompressed. */
  static long unpacked(long packed) {
    return packed > MOST / RATIO ? MOST : ALWAYS + packed * RATIO;
  }

  /** Those of a layer that is stored in so many bytes. */
  static TarLimits layer(long packed) {
    return new TarLimits(unpacked(packed), MOST_ENTRIES, LONGEST_PATH, DEEPEST);
  }
}
