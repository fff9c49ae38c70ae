package dev.mica.union;

import dev.mica.folder.Diff;
import dev.mica.folder.Folder;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** A union mount of this host; outlives the process that made it. */
public interface Union {
  /** Whether it can be used now. */
  enum State {
    /** Mounted, and the mount is ours. */
    MOUNTED,
    /** Recorded but not mounted, after a reboot for instance: {@link #remount} brings it back. */
    UNMOUNTED,
    /**
     * Mounted, but what serves it has ended: whoever uses it gets an error. {@link #remount} brings
     * it back.
     */
    DEAD,
    /** A lower or the upper is gone, or something else is mounted there: {@link #problem} says. */
    BROKEN
  }

  /** Its name, unique on this host. */
  String name();

  /** Its state, looked up now. */
  State state();

  /** Why it is {@link State#BROKEN} or {@link State#DEAD}; empty otherwise. */
  Optional<String> problem();

  /** What lies below, topmost first, a commit's layers one by one. */
  List<Path> lowers();

  /** Where changes land; empty for a read-only union. */
  Optional<Folder> upper();

  /** Where it is mounted. */
  Folder at();

  /** Which mounter serves it, never {@link UnionSpec.Via#AUTO}. */
  UnionSpec.Via via();

  /** When it was made. */
  Instant created();

  /** What the upper changes over the lowers: exact. Fails for a read-only union. */
  Diff diff();

  /** Mounts it again where it is not mounted, or what served it has ended; mounted is fine. */
  Union remount();

  /**
   * Unmounts it and forgets it; upper and lowers stay as they are. Fails while a program holds it.
   */
  void remove();
}
