package dev.mica.core;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The space of a file system ({@code struct mica_space}), as statvfs(3) tells it.
 *
 * @param block the bytes of a block
 * @param blocks how many there are
 * @param free how many are free
 * @param available how many are free for users other than root
 * @param files how many files there can be
 * @param filesFree how many more
 * @param id of the file system
 * @param flags {@code ST_RDONLY} (1), {@code ST_NOSUID} (2) and others
 * @param nameMax the longest name, in bytes
 */
public record FileSpace(
    long block,
    long blocks,
    long free,
    long available,
    long files,
    long filesFree,
    long id,
    long flags,
    long nameMax) {
  static final long SIZE = 72;

  static FileSpace read(MemorySegment struct) {
    return new FileSpace(
        field(struct, 0),
        field(struct, 1),
        field(struct, 2),
        field(struct, 3),
        field(struct, 4),
        field(struct, 5),
        field(struct, 6),
        field(struct, 7),
        field(struct, 8));
  }

  private static long field(MemorySegment struct, long index) {
    return struct.getAtIndex(ValueLayout.JAVA_LONG, index);
  }
}
