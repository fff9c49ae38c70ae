package dev.mica.union;

import dev.mica.folder.Folder;
import dev.mica.folder.LayerSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A union as it was asked for: a plain value, checked by {@link Unions#create}.
 *
 * @param name how the union is called; null: after the last component of {@code at}
 * @param lowers what lies below, topmost first; at least one
 * @param upper where changes land; null: a read-only union
 * @param work overlayfs's scratch directory, on the upper's file system and outside it; null: made
 *     beside the upper, and removed with the union
 * @param at where it is mounted: an empty directory, or a path that does not exist yet and is made
 *     (and removed again with the union)
 * @param via which mounter
 */
public record UnionSpec(
    @Nullable String name,
    List<LayerSource> lowers,
    @Nullable Folder upper,
    @Nullable Folder work,
    Folder at,
    Via via) {
  /** Which mounter serves a union. */
  public enum Via {
    /** The first one that a probe says works. */
    AUTO,
    /** The host's own overlayfs. */
    KERNEL,
    /** The {@code fuse-overlayfs} program, for users without privilege. */
    FUSE,
    /** The helper VM, for hosts without an overlayfs of their own. */
    GUEST
  }

  /** Copies the list. */
  public UnionSpec {
    lowers = List.copyOf(lowers);
  }
}
