package dev.mica.folder;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One line of a diff. The contract (order, what is implied, when files are equal) stands in the C
 * core's public header, {@code mica.h}.
 *
 * @param kind added, modified or deleted
 * @param path relative to the root of the trees; the root itself is {@code .}
 * @param what how it was modified; empty unless it was
 * @param before what it was; null when added
 * @param after what it is now; null when deleted
 * @param sizeBefore bytes, 0 unless a file or symlink
 * @param sizeAfter bytes, likewise
 */
public record Change(
    Kind kind,
    Name path,
    Set<What> what,
    @Nullable Type before,
    @Nullable Type after,
    long sizeBefore,
    long sizeAfter) {
  /** What happened to the entry. */
  public enum Kind {
    ADDED,
    MODIFIED,
    DELETED
  }

  /** In which respect an entry was modified. */
  public enum What {
    CONTENT,
    MODE,
    OWNER,
    TIMES,
    XATTR,
    TYPE,
    LINK,
    /** Whether it is immutable or append-only. */
    FLAGS
  }
}
