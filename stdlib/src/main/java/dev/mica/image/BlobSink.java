package dev.mica.image;

import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where the blobs go that an image is made of and that are nowhere yet: the store, or the place
 * that the image is written to. So each is written once.
 */
interface BlobSink {
  /** The blob's file, where it is there. */
  Optional<Path> find(Descriptor blob);

  /**
   * The name of a file to write what becomes a blob to, where nothing is; whoever has asked for it
   * adds or removes it.
   */
  Path newPart();

  /**
   * Takes over by rename a file that was hashed while it was written, and flushed. It lasts when
   * what names it does.
   */
  Path add(Descriptor blob, Path part);

  /** Keeps a document of an image, where it is not kept with that image. */
  void keep(Descriptor document, byte[] content);

  /** Removes a part that did not become a blob; one that did is fine. */
  static void discard(Path part) {
    try {
      Files.deleteIfExists(part);
    } catch (IOException broken) {
      throw MicaException.failed("remove", part, Why.of(broken)).because(broken);
    }
  }
}
