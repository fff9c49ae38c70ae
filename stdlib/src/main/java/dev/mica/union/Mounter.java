package dev.mica.union;

import dev.mica.core.Capability;
import dev.mica.core.Core;
import dev.mica.core.Tree;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** What can serve a union. */
sealed interface Mounter permits KernelMounter, FuseMounter, GuestMounter {
  /** How it is called. */
  UnionSpec.Via via();

  /**
   * Why it cannot serve here, found by trying; empty: it can.
   *
   * @param place a directory on the file system of the upper
   * @param probe tells what a directory can do, by trying there
   */
  Optional<String> refusal(Path place, Function<Path, Set<Capability>> probe);

  /** The same by a whole union in a scratch directory made and removed inside {@code directory}. */
  default Optional<String> trial(Path directory) {
    return refusal(directory, Core::probe);
  }

  /** Done before {@link #mount}: what may take long and changes nothing that readers look at. */
  default void prepare(UnionRecord union) {}

  /** Mounts it; the work directory is empty. A failure leaves nothing mounted. */
  void mount(UnionRecord union);

  /** Unmounts it; -EBUSY is told with who holds it. */
  void unmount(UnionRecord union);

  /**
   * Takes back whatever a mount made besides the mount itself: of one that was cut short, or
   * unmounted by somebody else. The union is not mounted.
   */
  default void clear(UnionRecord union) {}

  /** Why what serves a mounted union does not, as far as one can see without using it. */
  default Optional<String> problem(UnionRecord union) {
    return Optional.empty();
  }

  /** The union's tree, for the core to look at. */
  Tree tree(UnionRecord union);

  /** Whether its upper, unmounted, is a layer that every mounter can have as a lower. */
  boolean upperIsLayer();
}
