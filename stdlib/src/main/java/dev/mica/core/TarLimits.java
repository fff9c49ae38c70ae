package dev.mica.core;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How large what is read from a tar may get; 0 means no limit.
 *
 * @param bytes of the tar, uncompressed, and of one file
 * @param entries names, directories that the tar does not list counted too
 * @param path bytes of a path, or of a link's target
 * @param depth names of a path
 */
public record TarLimits(long bytes, long entries, int path, int depth) {
  /** None. */
  public static final TarLimits NONE = new TarLimits(0, 0, 0, 0);

  static final long BYTES = 0;
  static final long ENTRIES = 8;
  static final long PATH = 16;
  static final long DEPTH = 20;
  static final long SIZE = 24;

  MemorySegment struct(Call call) {
    MemorySegment struct = call.allocate(SIZE);
    struct.set(ValueLayout.JAVA_LONG, BYTES, bytes);
    struct.set(ValueLayout.JAVA_LONG, ENTRIES, entries);
    struct.set(ValueLayout.JAVA_INT, PATH, path);
    struct.set(ValueLayout.JAVA_INT, DEPTH, depth);
    return struct;
  }
}
