package dev.mica.core;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What a file is ({@code struct mica_stat}).
 *
 * @param size in bytes
 * @param accessed seconds since 1970
 * @param modified likewise
 * @param mode with the file type, as stat(2) has it
 * @param uid its owner
 * @param gid its group
 * @param links how many names it has
 */
public record FileStatus(
    long size, long accessed, long modified, int mode, int uid, int gid, int links) {
  static final long FILE_SIZE = 0;
  static final long ATIME = 8;
  static final long MTIME = 16;
  static final long MODE = 24;
  static final long UID = 28;
  static final long GID = 32;
  static final long NLINK = 36;
  static final long SIZE = 40;

  private static final int TYPE = 0170000;
  private static final int DIRECTORY = 0040000;

  static FileStatus read(MemorySegment struct) {
    return new FileStatus(
        struct.get(ValueLayout.JAVA_LONG, FILE_SIZE),
        struct.get(ValueLayout.JAVA_LONG, ATIME),
        struct.get(ValueLayout.JAVA_LONG, MTIME),
        struct.get(ValueLayout.JAVA_INT, MODE),
        struct.get(ValueLayout.JAVA_INT, UID),
        struct.get(ValueLayout.JAVA_INT, GID),
        struct.get(ValueLayout.JAVA_INT, NLINK));
  }

  /** Whether it is a directory. */
  public boolean isDirectory() {
    return (mode & TYPE) == DIRECTORY;
  }
}
