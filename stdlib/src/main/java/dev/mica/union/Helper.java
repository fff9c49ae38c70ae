package dev.mica.union;

import dev.mica.core.OpenDirectory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What serves the unions of {@link UnionSpec.Via#GUEST}: another system, that union-mounts folders
 * of this host which are shared with it and brings the union back as a folder. Called with the
 * union locked, but for {@link #refusal} and {@link #problem}.
 */
public interface Helper {
  /**
   * One union.
   *
   * <p>Its directories are held open, and were found to be the union's own, by who asks for it;
   * what is served is these, wherever their paths lead by now.
   *
   * @param lowers topmost first
   * @param shared the folder that holds the directories {@code upper} and {@code work}, and all
   *     that the other system may change; null: the union is read-only
   * @param upper the {@code upper} in it; null with {@code shared}
   * @param at where it comes back: an empty directory
   * @param source how that mount is called in the first column of mount(8)
   */
  record Served(
      String name,
      List<OpenDirectory> lowers,
      @Nullable OpenDirectory shared,
      @Nullable OpenDirectory upper,
      OpenDirectory at,
      String source) {
    /** Copies the list. */
    public Served {
      lowers = List.copyOf(lowers);
    }

    /** All that the other system is given: {@code shared}, then the lowers. */
    public List<OpenDirectory> folders() {
      List<OpenDirectory> all = new ArrayList<>(lowers);
      if (shared != null) {
        all.addFirst(shared);
      }
      return all;
    }
  }

  /** What type the folder that comes back has in mount(8). */
  String MOUNT_TYPE = "fuse.mica";

  /** Why it cannot serve on this host, with what to do; empty: all that it needs is there. */
  Optional<Refusal> refusal();

  /** Sees that the other system runs, which takes seconds when it does not. */
  void start();

  /** Makes the union and brings it back; when it returns it can be used. */
  void mount(Served union);

  /** Sees that what was written to the union is in the folders of this host. */
  void flush(String name);

  /**
   * Takes back what {@link #mount} did for the union of that name, but for a folder that is still
   * mounted; as far as there is something, in whatever state it is.
   */
  void clear(String name);

  /** Why the union of that name does not work, as far as one can see without using it. */
  Optional<String> problem(String name);
}
