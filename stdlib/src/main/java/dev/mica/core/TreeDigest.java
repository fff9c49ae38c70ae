package dev.mica.core;

/**
 * The digest and the totals of a whole tree. The C core calls the bytes that it digests the tree's
 * manifest.
 *
 * @param digest SHA-256 over content and metadata: {@code sha256:} and 64 hexadecimal digits
 * @param entries the number of names in the tree, its root included
 * @param bytes the bytes of its regular files; a hard-linked file counts once
 */
public record TreeDigest(String digest, long entries, long bytes) {
  /** The version of the encoding that a digest covers: {@code MICA_MANIFEST_VERSION}. */
  public static final int VERSION = 2;
}
