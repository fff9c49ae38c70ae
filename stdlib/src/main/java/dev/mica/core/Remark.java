package dev.mica.core;

import dev.mica.text.PathBytes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * What a call has to say of one path in a layer: that a tar cannot hold it, or that a reader had to
 * do without.
 *
 * @param what it is
 * @param path from the layer's root, which is {@code .}; the text is that of {@link
 *     PathBytes#decode}
 * @param detail the attribute, flags or key that it is about; else empty
 */
public record Remark(What what, String path, String detail) {
  /** In the order of {@code MICA_REMARK_*}. */
  public enum What {
    /** Written without: a socket. */
    SOCKET("a socket: left out"),
    /** Written without, and without all below it: its name begins with {@code .wh.}. */
    NAME("a name that begins with .wh.: left out, with what is below it"),
    /** Written with zeros in place of its holes. */
    HOLES("a file with holes: they are stored as zeros"),
    /** Written without being immutable or append-only. */
    FLAGS("flags: left out"),
    /** Without an attribute that the tar, or the folder's file system or user, cannot have. */
    XATTR("an attribute: left out"),
    /** Written with an attribute that has no value, which many readers drop. */
    EMPTY("an attribute without a value: many readers drop it"),
    /** Read: a directory that is in no entry of its own. */
    PARENT("a directory without an entry: made as root's, 0755"),
    /** Read: the root hides what lies below it, which a union does not heed. */
    ROOT("the root is opaque: what is below is to be left out"),
    /** Read without: a device that the user may not make. */
    DEVICE("a device: left out"),
    /** Read without: what AUFS keeps for itself. */
    AUFS("of AUFS: left out"),
    /** Read without: a record that Mica does not take. */
    KEY("a record: left out");

    private final String text;

    What(String text) {
      this.text = text;
    }
  }

  static final long RECORD_LEN = 0;
  static final long WHAT = 4;
  static final long PATH_LEN = 8;
  static final long DETAIL_LEN = 12;
  static final long TEXT = 16;

  /** {@code struct mica_remarks}. */
  static final long RECORDS = 0;

  static final long LEN = 8;
  static final long LIST_SIZE = 32;

  /** All that the core has collected. */
  @SuppressWarnings({"restricted", "EnumOrdinal"})
  static List<Remark> all(MemorySegment remarks) {
    long length = remarks.get(ValueLayout.JAVA_LONG, LEN);
    MemorySegment records = remarks.get(ValueLayout.ADDRESS, RECORDS).reinterpret(length);
    List<Remark> all = new ArrayList<>();
    for (long at = 0; at < length; at += integer(records, at + RECORD_LEN)) {
      int path = integer(records, at + PATH_LEN);
      all.add(
          new Remark(
              What.values()[integer(records, at + WHAT) - 1],
              text(records, at + TEXT, path),
              text(records, at + TEXT + path + 1, integer(records, at + DETAIL_LEN))));
    }
    return List.copyOf(all);
  }

  private static String text(MemorySegment records, long at, long length) {
    return PathBytes.decode(records.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE));
  }

  private static int integer(MemorySegment from, long at) {
    return from.get(ValueLayout.JAVA_INT, at);
  }

  /** For people: {@code etc/x: flags: left out (i)}. */
  @Override
  public String toString() {
    return path + ": " + what.text + (detail.isEmpty() ? "" : " (" + detail + ")");
  }
}
