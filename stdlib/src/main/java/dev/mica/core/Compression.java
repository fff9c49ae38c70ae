package dev.mica.core;

/** How a layer's tar is compressed, in the order of {@code MICA_TAR_*}. */
public enum Compression {
  PLAIN,
  /** Level 6, by all processors. */
  GZIP,
  /** Level 3, by all processors. */
  ZSTD
}
