package dev.mica.union;

import dev.mica.core.Capability;
import dev.mica.core.Core;
import dev.mica.core.Mount;
import dev.mica.core.OpenDirectory;
import dev.mica.core.Tree;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** What can serve a union. */
sealed interface Mounter permits KernelMounter, FuseMounter, GuestMounter {
  /** The name of it. */
  UnionSpec.Via via();

  /**
   * Why it cannot serve here, found by trying; empty: it can.
   *
   * @param place a directory on the file system of the upper
   * @param probe tells what a directory can do, by trying there
   */
  Optional<Refusal> refusal(OpenDirectory place, Function<OpenDirectory, Set<Capability>> probe);

  /** The same by a whole union in a scratch directory made and removed inside {@code directory}. */
  default Optional<Refusal> trial(OpenDirectory directory) {
    return refusal(directory, place -> Core.probe(place.path()));
  }

  /** Done before {@link #mount}: what may take long and changes nothing that readers look at. */
  default void prepare(UnionRecord union) {}

  /** Mounts it; the work directory is empty. A failure leaves nothing mounted. */
  void mount(MountRequest request);

  /** Unmounts that mount of it; the error for -EBUSY names who holds it. */
  void unmount(UnionRecord union, Mount mount);

  /**
   * Takes back whatever a mount made besides the mount itself: of one that was cut short, or
   * unmounted by somebody else. The union is not mounted.
   */
  default void clear(UnionRecord union) {}

  /** Why what serves a mounted union does not, as far as one can see without using it. */
  default Optional<String> problem(UnionRecord union) {
    return Optional.empty();
  }

  /**
   * The union's tree, for the core to look at.
   *
   * @param stack its upper, wherever that is for now, and its lowers
   */
  Tree tree(UnionRecord union, List<Path> stack);

  /** Whether a diff looks at the upper, so that it need not be mounted for that. */
  boolean upperIsLayer();

  /**
   * Has a mounted union go on over its own upper, which becomes {@code layer}. False, and all is as
   * it was, where something holds it, or this mounter cannot do it without a moment in which its
   * path leads to something else.
   */
  default boolean rotate(OpenFolders folders, Mount mount, Path layer) {
    return false;
  }

  /** Ends one that was cut short; whether it is rotated then. */
  default boolean recoverRotation(UnionRecord union, Mount mount, Path layer) {
    return false;
  }
}
