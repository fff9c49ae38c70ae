package dev.mica.union;

import dev.mica.core.Mount;
import dev.mica.core.Tree;
import java.nio.file.Path;
import java.util.Optional;

/** What can serve a union. */
sealed interface Mounter permits KernelMounter, FuseMounter {
  /** How it is called. */
  UnionSpec.Via via();

  /**
   * Why it cannot serve here, found by trying; empty: it can.
   *
   * @param scratch a directory on the file system of the upper, where one may try
   */
  Optional<String> refusal(Path scratch);

  /** The same by a whole union in a scratch directory made and removed inside {@code directory}. */
  default Optional<String> trial(Path directory) {
    return refusal(directory);
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
