package dev.mica.image;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/**
 * One repository that images are read from: of a registry, an OCI layout, an archive. Nothing that
 * it gives is believed: {@link Blobs} and the reader of manifests compare digests and sizes.
 */
interface ImageSource extends AutoCloseable {
  /**
   * A manifest or an index, as its bytes are.
   *
   * @param mediaType what the source says that it is; the content's own word is to be preferred
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Document(String mediaType, byte[] content) {}

  /** How people call it. */
  String label();

  /**
   * The document of that tag or digest ({@code sha256:…}); of at most 4 MiB. Fails, naming what it
   * has where it can tell, if there is none.
   */
  Document manifest(String tagOrDigest);

  /**
   * The blob's bytes from {@code from} on, or from 0 where the source cannot begin in the middle:
   * the stream says which. May end early or fail; the caller asks again from where it got to.
   */
  Blob open(Descriptor blob, long from) throws IOException;

  /** Is told which blobs will be opened, before the first is. */
  default void wants(List<Descriptor> blobs) {}

  /**
   * A blob under way; to be closed.
   *
   * @param from where its first byte stands in the blob
   */
  record Blob(long from, InputStream bytes) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      bytes.close();
    }
  }

  @Override
  void close();
}
