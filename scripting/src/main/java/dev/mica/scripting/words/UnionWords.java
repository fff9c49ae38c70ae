package dev.mica.scripting.words;

import dev.mica.commit.Commit;
import dev.mica.folder.Folder;
import dev.mica.union.UnionSpec.Via;

/** The words inside a {@code union { … }} block. Nothing is mounted before the block has ended. */
public interface UnionWords {
  /**
   * Adds what lies below, topmost first: folders, commits, paths, or commit references. A text that
   * begins with {@code /}, {@code ./}, {@code ../} is a path.
   */
  void lower(Object... layers);

  /** Where changes land: a folder or a path. */
  void upper(Object folder);

  /** Overlayfs's scratch directory; made beside the upper if not given. */
  void work(Object folder);

  /** Where it is mounted: an empty directory, or a path that does not exist yet. */
  void at(Object folder);

  /** Which mounter serves it: {@code kernel}, {@code fuse}, {@code guest} or {@code auto}. */
  void via(Via mounter);

  /** How it is called; if not given, after the last component of {@code at}. */
  void name(String name);

  /** There is no upper, and nothing in it can be changed. */
  Object getReadOnly();

  /** The first mounter that works here. */
  Via getAuto();

  /** The host's own overlayfs. */
  Via getKernel();

  /** The fuse-overlayfs program. */
  Via getFuse();

  /** The helper VM, for hosts without an overlayfs of their own. */
  Via getGuest();

  /** The place at a path or URI. */
  Folder folder(String pathOrUri);

  /** The commit that a reference leads to. */
  Commit commit(String refOrId);
}
