package dev.mica.core;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import java.util.List;

/**
 * A layer as a tar in the form of OCI images, as it was written or read.
 *
 * @param diffId digest of the tar, uncompressed: {@code sha256:} and 64 hexadecimal digits
 * @param digest digest of the bytes as they are stored
 * @param bytes of the tar, uncompressed
 * @param packed bytes as they are stored
 * @param entries in it
 * @param compression how it is stored
 * @param remarks on what is not the same in the layer and the tar, in the order of the paths
 */
public record LayerTar(
    String diffId,
    String digest,
    long bytes,
    long packed,
    long entries,
    Compression compression,
    List<Remark> remarks) {
  static final long DIFF_ID = 0;
  static final long DIGEST = 32;
  static final long BYTES = 64;
  static final long PACKED = 72;
  static final long ENTRIES = 80;
  static final long COMPRESSION = 88;
  static final long SIZE = 96;

  private static final long DIGEST_SIZE = 32;

  /** Copies the list. */
  public LayerTar {
    remarks = List.copyOf(remarks);
  }

  @SuppressWarnings("EnumOrdinal") // in the order of MICA_TAR_*
  static LayerTar read(MemorySegment struct, MemorySegment remarks) {
    return new LayerTar(
        digest(struct, DIFF_ID),
        digest(struct, DIGEST),
        struct.get(ValueLayout.JAVA_LONG, BYTES),
        struct.get(ValueLayout.JAVA_LONG, PACKED),
        struct.get(ValueLayout.JAVA_LONG, ENTRIES),
        Compression.values()[struct.get(ValueLayout.JAVA_INT, COMPRESSION)],
        Remark.all(remarks));
  }

  private static String digest(MemorySegment struct, long at) {
    byte[] bytes = struct.asSlice(at, DIGEST_SIZE).toArray(ValueLayout.JAVA_BYTE);
    return "sha256:" + HexFormat.of().formatHex(bytes);
  }
}
