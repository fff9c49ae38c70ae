package dev.mica.core;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;

/**
 * A union that is to go on over its own upper, which becomes a layer ({@code struct
 * mica_rotation}).
 *
 * @param lowers that it has now, topmost first; at most 499
 * @param mount the id of its mount
 * @param target where that is
 * @param upper its upper, by a path that ends in its own name
 * @param opened the same, open
 * @param layer what the upper is to become; a real path in a directory that only the caller changes
 * @param work an empty directory on the upper's file system, not its work directory of now
 * @param trial likewise, one that nobody else can enter
 * @param source the name shown in the first column of mount(8)
 */
public record Rotation(
    List<Path> lowers,
    int mount,
    Path target,
    Path upper,
    OpenDirectory opened,
    Path layer,
    Path work,
    Path trial,
    String source) {
  static final long LOWERS = 0;
  static final long LOWER_COUNT = 8;
  static final long ID = 12;
  static final long TARGET = 16;
  static final long UPPER = 24;
  static final long LAYER = 32;
  static final long WORK = 40;
  static final long TRIAL = 48;
  static final long SOURCE = 56;
  static final long UPPER_FD = 64;
  static final long FLAGS = 68;
  static final long SIZE = 72;
  static final int DRAIN = 0x1000;

  /** Copies the list. */
  public Rotation {
    lowers = List.copyOf(lowers);
  }

  MemorySegment struct(Call call, boolean drain) {
    MemorySegment struct = call.allocate(SIZE);
    struct.set(ValueLayout.ADDRESS, LOWERS, call.paths(lowers));
    struct.set(ValueLayout.JAVA_INT, LOWER_COUNT, lowers.size());
    struct.set(ValueLayout.JAVA_INT, ID, mount);
    struct.set(ValueLayout.ADDRESS, TARGET, call.path(target));
    struct.set(ValueLayout.ADDRESS, UPPER, call.path(upper));
    struct.set(ValueLayout.ADDRESS, LAYER, call.path(layer));
    struct.set(ValueLayout.ADDRESS, WORK, call.path(work));
    struct.set(ValueLayout.ADDRESS, TRIAL, call.path(trial));
    struct.set(ValueLayout.ADDRESS, SOURCE, call.text(source));
    struct.set(ValueLayout.JAVA_INT, UPPER_FD, opened.descriptor());
    struct.set(ValueLayout.JAVA_INT, FLAGS, drain ? DRAIN : 0);
    return struct;
  }
}
