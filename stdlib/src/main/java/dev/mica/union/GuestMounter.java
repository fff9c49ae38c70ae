package dev.mica.union;

import dev.mica.core.Capability;
import dev.mica.core.Core;
import dev.mica.core.Mount;
import dev.mica.core.Tree;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The overlayfs of a helper VM, for hosts that have none of their own. */
record GuestMounter(Helper helper) implements Mounter {
  /** What an overlay's upper must keep is kept by the folder on this host in the end. */
  private static final Set<Capability> NEEDED =
      EnumSet.of(
          Capability.TRUSTED_XATTR,
          Capability.WHITEOUT,
          Capability.RENAME_WHITEOUT,
          Capability.HARDLINK);

  @Override
  public UnionSpec.Via via() {
    return UnionSpec.Via.GUEST;
  }

  @Override
  public Optional<String> refusal(Path place, Function<Path, Set<Capability>> probe) {
    Optional<String> refusal = helper.refusal();
    if (refusal.isPresent()) {
      return refusal;
    }
    Set<Capability> missing = EnumSet.copyOf(NEEDED);
    missing.removeAll(probe.apply(place));
    return missing.isEmpty()
        ? Optional.empty()
        : Optional.of("a helper VM cannot have an upper there (no " + words(missing) + ")");
  }

  private static String words(Set<Capability> missing) {
    return String.join(", ", missing.stream().map(Mounters::word).toList());
  }

  @Override
  public void prepare(UnionRecord union) {
    if (!union.isBind()) {
      helper.start();
    }
  }

  @Override
  public void mount(UnionRecord union) {
    if (union.isBind()) {
      KernelMounter.bind(union);
      return;
    }
    try {
      Aside aside = aside(union);
      if (aside != null) {
        aside.enter();
      }
      helper.mount(served(union, aside));
    } catch (RuntimeException failure) {
      clearAfter(failure, union);
      throw failure;
    }
  }

  private void clearAfter(RuntimeException failure, UnionRecord union) {
    try {
      helper.clear(union.name());
      if (Mounted.isServed(union, Core.mounts())) {
        Core.umount(union.at(), true); // what serves it has been ended just now
      }
      clear(union);
    } catch (RuntimeException worse) {
      failure.addSuppressed(worse);
    }
  }

  private static Helper.Served served(UnionRecord union, @Nullable Aside aside) {
    Path folder = aside == null ? null : aside.folder();
    return new Helper.Served(union.name(), union.lowers(), folder, union.at(), union.source());
  }

  private static @Nullable Aside aside(UnionRecord union) {
    Path upper = union.upper();
    return upper == null ? null : new Aside(upper, Aside.folderFor(upper, union.name()));
  }

  @Override
  public void unmount(UnionRecord union) {
    Holders.unmount(union);
    clear(union);
  }

  @Override
  public void clear(UnionRecord union) {
    if (union.isBind()) {
      return;
    }
    helper.clear(union.name());
    Aside aside = aside(union);
    if (aside != null) {
      aside.leave();
    }
  }

  @Override
  public Optional<String> problem(UnionRecord union) {
    return union.isBind() ? Optional.empty() : helper.problem(union.name());
  }

  /** What is still on its way through the union is written first. */
  @Override
  public Tree tree(UnionRecord union) {
    List<Mount> mounts = Core.mounts();
    if (!union.isBind() && Mounted.isServed(union, mounts) && problem(union).isEmpty()) {
      Core.sync(union.at());
      helper.flush(union.name());
    }
    Aside aside = aside(union);
    return aside == null
        ? Tree.overlay(union.lowers(), false)
        : Tree.overlay(union.stack(aside.real()), false);
  }

  @Override
  public boolean upperIsLayer() {
    return true;
  }
}
