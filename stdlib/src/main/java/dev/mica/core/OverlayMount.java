package dev.mica.core;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A kernel overlay to be mounted.
 *
 * @param lowers topmost first; at most 500, and at least two where there is no upper
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
  /** Copies the collections. */
  public OverlayMount {
    lowers = List.copyOf(lowers);
    flags = Set.copyOf(flags);
  }
}
