package dev.mica.core;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What is to be changed of a file ({@code struct mica_set}).
 *
 * @param size the new size, of a regular file
 * @param owner the new owner
 * @param mode the new permissions
 * @param times the new times
 */
public record FileChange(
    OptionalLong size, Optional<Owner> owner, OptionalInt mode, Optional<Times> times) {
  static final long NEW_SIZE = 0;
  static final long ATIME = 8;
  static final long MTIME = 16;
  static final long WHAT = 24;
  static final long UID = 28;
  static final long GID = 32;
  static final long MODE = 36;
  static final long SIZE = 40;

  /** {@code MICA_SET_*} in the header. */
  enum What {
    SIZE,
    OWNER,
    MODE,
    TIMES,
    NO_SET_ID
  }

  /** An owner. */
  public record Owner(int uid, int gid) {}

  /** Times, in seconds since 1970. */
  public record Times(long accessed, long modified) {}

  MemorySegment struct(Call call, boolean setId) {
    MemorySegment struct = call.allocate(SIZE);
    int what = setId ? 0 : bit(What.NO_SET_ID);
    if (size.isPresent()) {
      what |= bit(What.SIZE);
      struct.set(ValueLayout.JAVA_LONG, NEW_SIZE, size.getAsLong());
    }
    if (owner.isPresent()) {
      what |= bit(What.OWNER);
      struct.set(ValueLayout.JAVA_INT, UID, owner.get().uid());
      struct.set(ValueLayout.JAVA_INT, GID, owner.get().gid());
    }
    if (mode.isPresent()) {
      what |= bit(What.MODE);
      struct.set(ValueLayout.JAVA_INT, MODE, mode.getAsInt());
    }
    if (times.isPresent()) {
      what |= bit(What.TIMES);
      struct.set(ValueLayout.JAVA_LONG, ATIME, times.get().accessed());
      struct.set(ValueLayout.JAVA_LONG, MTIME, times.get().modified());
    }
    struct.set(ValueLayout.JAVA_INT, WHAT, what);
    return struct;
  }

  private static int bit(What what) {
    return Core.bits(java.util.EnumSet.of(what));
  }
}
