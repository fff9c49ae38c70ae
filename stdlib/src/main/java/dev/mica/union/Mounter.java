package dev.mica.union;

import dev.mica.core.Capability;
import dev.mica.core.Core;
import dev.mica.core.Mount;
import dev.mica.core.Tree;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** What can serve a union. */
sealed interface Mounter permits KernelMounter, FuseMounter {
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

  /** Mounts it; the work directory is empty. A failure leaves nothing mounted. */
  void mount(UnionRecord union);

  /** Unmounts it; -EBUSY is told with who holds it. */
  void unmount(UnionRecord union);

  /** Whether this mount of the union's directory is the union. */
  boolean serves(UnionRecord union, Mount mount);

  /** The union's tree, for the core to look at. */
  Tree tree(UnionRecord union);

  /** Whether its upper, unmounted, is a layer that every mounter can have as a lower. */
  boolean upperIsLayer();

  /** The mounter of that name. */
  static Mounter of(UnionSpec.Via via) {
    return switch (via) {
      case KERNEL, AUTO -> new KernelMounter();
      case FUSE -> new FuseMounter();
    };
  }
}
