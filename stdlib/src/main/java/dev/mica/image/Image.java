package dev.mica.image;

import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * A commit as an image, with all its blobs.
 *
 * @param config the configuration's document
 * @param layers the lowest first
 * @param history what its document says of how it came to be
 * @param remarks on what the layers' tars cannot hold, one line each
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Image(
    ImageManifest manifest,
    byte[] config,
    List<Layer> layers,
    List<JsonNode> history,
    List<String> remarks) {
  Image {
    layers = List.copyOf(layers);
    history = List.copyOf(history);
    remarks = List.copyOf(remarks);
  }

  /**
   * A layer of it.
   *
   * @param diffId digest of its tar, uncompressed
   * @param file the blob
   */
  record Layer(Descriptor blob, String diffId, Path file) {}
}
