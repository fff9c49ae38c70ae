package dev.mica.core;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumSet;
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
    int what = what(setId);
    if (size.isPresent()) {
      struct.set(ValueLayout.JAVA_LONG, NEW_SIZE, size.getAsLong());
    }
    if (owner.isPresent()) {
      struct.set(ValueLayout.JAVA_INT, UID, owner.get().uid());
      struct.set(ValueLayout.JAVA_INT, GID, owner.get().gid());
    }
    if (mode.isPresent()) {
      struct.set(ValueLayout.JAVA_INT, MODE, mode.getAsInt());
    }
    if (times.isPresent()) {
      struct.set(ValueLayout.JAVA_LONG, ATIME, times.get().accessed());
      struct.set(ValueLayout.JAVA_LONG, MTIME, times.get().modified());
    }
    struct.set(ValueLayout.JAVA_INT, WHAT, what);
    return struct;
  }

  /** The number by which the core, and a guest, know what is to be changed. */
  public int what(boolean setId) {
    EnumSet<What> what = EnumSet.noneOf(What.class);
    add(what, size.isPresent(), What.SIZE);
    add(what, owner.isPresent(), What.OWNER);
    add(what, mode.isPresent(), What.MODE);
    add(what, times.isPresent(), What.TIMES);
    add(what, !setId, What.NO_SET_ID);
    return Core.bits(what);
  }

  private static void add(EnumSet<What> to, boolean is, What what) {
    if (is) {
      to.add(what);
    }
  }
}
