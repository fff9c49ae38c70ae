package dev.mica.core;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A kernel overlay to be mounted.
 *
 * @param lowers topmost first; at most {@link #MOST_LOWERS}, and at least two where there is no
 *     upper
 * @param upper where changes land; null: read-only
 * @param work an empty directory on the upper's file system; null with the upper
 * @param target the directory to mount at
 * @param source the name shown in the first column of mount(8)
 * @param flags how
 */
public record OverlayMount(
    List<Path> lowers,
    @Nullable Path upper,
    @Nullable Path work,
    Path target,
    String source,
    Set<MountFlag> flags) {
  /** As many lowers can be stacked: {@code MICA_MOST_LOWERS}. */
  public static final int MOST_LOWERS = 500;

  /** Copies the collections. */
  public OverlayMount {
    lowers = List.copyOf(lowers);
    flags = Set.copyOf(flags);
  }

  static final long LOWERS = 0;
  static final long LOWER_COUNT = 8;
  static final long FLAGS = 12;
  static final long UPPER = 16;
  static final long WORK = 24;
  static final long TARGET = 32;
  static final long SOURCE = 40;
  static final long SIZE = 48;

  MemorySegment struct(Call call) {
    MemorySegment struct = call.allocate(SIZE);
    struct.set(ValueLayout.ADDRESS, LOWERS, call.paths(lowers));
    struct.set(ValueLayout.JAVA_INT, LOWER_COUNT, lowers.size());
    struct.set(ValueLayout.JAVA_INT, FLAGS, Core.bits(flags));
    struct.set(ValueLayout.ADDRESS, UPPER, call.pathOrNull(upper));
    struct.set(ValueLayout.ADDRESS, WORK, call.pathOrNull(work));
    struct.set(ValueLayout.ADDRESS, TARGET, call.path(target));
    struct.set(ValueLayout.ADDRESS, SOURCE, call.text(source));
    return struct;
  }
}
