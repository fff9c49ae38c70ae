package dev.mica.core;

/**
 * What a whole tree comes to.
 *
 * @param digest SHA-256 over content and metadata: {@code sha256:} and 64 hexadecimal digits
 * @param entries names in it, its root included
 * @param bytes of regular files, each hard-linked one once
 */
public record Manifest(String digest, long entries, long bytes) {
  /** {@code MICA_MANIFEST_VERSION}: what a digest is over, as {@code core/manifest.c} says. */
  public static final int VERSION = 2;
}
