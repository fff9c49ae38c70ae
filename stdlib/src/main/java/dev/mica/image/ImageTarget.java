package dev.mica.image;

import java.nio.file.Path;

/**
 * One repository that an image is written to: of a registry, an OCI layout, an archive. Blobs come
 * first, then the manifest, which makes the image visible.
 */
interface ImageTarget extends AutoCloseable {
  /** How people call it. */
  String label();

  /** Whether it has the blob already, so that it need not be put. */
  boolean has(Descriptor blob);

  /** Gives it a blob, whose bytes are those of {@code file}. Already there: fine. */
  void put(Descriptor blob, Path file);

  /** Likewise, and tells {@code transfer} how far it is. */
  default void put(Descriptor blob, Path file, Transfer transfer) {
    put(blob, file);
    transfer.at(blob.size());
  }

  /** Gives it a manifest under a tag; everything that it names is there. */
  void putManifest(Descriptor manifest, byte[] content, String tag);

  @Override
  void close();
}
