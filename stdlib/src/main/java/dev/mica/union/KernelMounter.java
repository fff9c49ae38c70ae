package dev.mica.union;

import dev.mica.core.Capability;
import dev.mica.core.Core;
import dev.mica.core.MountFlag;
import dev.mica.core.OverlayMount;
import dev.mica.core.Tree;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The kernel's own overlayfs. */
final class KernelMounter implements Mounter {
  private static final Set<Capability> NEEDED =
      EnumSet.of(Capability.TRUSTED_XATTR, Capability.WHITEOUT, Capability.OVERLAY);

  @Override
  public UnionSpec.Via via() {
    return UnionSpec.Via.KERNEL;
  }

  @Override
  public Optional<String> refusal(Path place, Function<Path, Set<Capability>> probe) {
    Set<Capability> missing = EnumSet.copyOf(NEEDED);
    missing.removeAll(probe.apply(place));
    if (missing.isEmpty()) {
      return Optional.empty();
    }
    String names = missing.stream().map(Mounters::word).collect(Collectors.joining(", "));
    return Optional.of("the kernel's overlayfs cannot have its upper there (no " + names + ")");
  }

  @Override
  public void mount(UnionRecord union) {
    if (union.isBind()) {
      bind(union);
      return;
    }
    Core.overlayMount(
        new OverlayMount(
            union.lowers(),
            union.upper(),
            union.work(),
            union.at(),
            union.source(),
            union.upper() == null ? EnumSet.of(MountFlag.RDONLY) : Set.of()));
  }

  static void bind(UnionRecord union) {
    Core.bindMount(union.lowers().getFirst(), union.at(), EnumSet.of(MountFlag.RDONLY));
  }

  @Override
  public void unmount(UnionRecord union) {
    Holders.unmount(union);
  }

  /** The upper is the list of changes: it is looked at rather than the merged view. */
  @Override
  public Tree tree(UnionRecord union) {
    return Tree.layers(union.stack());
  }

  @Override
  public boolean upperIsLayer() {
    return true;
  }
}
