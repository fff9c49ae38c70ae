package dev.mica.union;

import dev.mica.core.Capability;
import dev.mica.core.Core;
import dev.mica.core.Identity;
import dev.mica.core.Mount;
import dev.mica.core.Mounts;
import dev.mica.core.OpenDirectory;
import dev.mica.core.Tree;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
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
  public Optional<Refusal> refusal(
      OpenDirectory place, Function<OpenDirectory, Set<Capability>> probe) {
    Optional<Refusal> refusal = helper.refusal();
    if (refusal.isPresent()) {
      return refusal;
    }
    Set<Capability> missing = EnumSet.copyOf(NEEDED);
    missing.removeAll(probe.apply(place));
    return missing.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Refusal.because("a helper VM cannot have an upper there (no " + words(missing) + ")"));
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
  public void mount(MountRequest request) {
    UnionRecord union = request.union();
    if (union.isBind()) {
      KernelMounter.bind(request);
      return;
    }
    try {
      if (request.folders().hasUpper()) {
        mountOver(request);
      } else {
        helper.mount(served(request, null, null));
      }
    } catch (RuntimeException failure) {
      clearAfter(failure, union);
      throw failure;
    }
  }

  private void clearAfter(RuntimeException failure, UnionRecord union) {
    try {
      helper.clear(union.name());
      // What serves it has been ended just now.
      UnionSetup.mounted(union).ifPresent(mount -> Unmounter.detach(union, mount));
      clear(union);
    } catch (RuntimeException worse) {
      failure.addSuppressed(worse);
    }
  }

  /**
   * What is shared is looked at again once the upper is in it, and its own path leads elsewhere.
   */
  private void mountOver(MountRequest request) {
    UnionRecord union = request.union();
    OpenFolders folders = request.folders();
    GuestUpper put = shared(union, folders.besides());
    put.moveIn();
    try (OpenDirectory shared = OpenDirectory.of(put.folder());
        OpenDirectory upper = OpenDirectory.of(shared.path().resolve(GuestUpper.UPPER))) {
      Identity was = folders.upper().identity();
      if (!was.is(upper.identity())) {
        throw OpenFolders.another(union, "upper", upper.openedBy(), was, upper.identity());
      }
      helper.mount(served(request, shared, upper));
    }
  }

  private static Helper.Served served(
      MountRequest request, @Nullable OpenDirectory shared, @Nullable OpenDirectory upper) {
    UnionRecord union = request.union();
    return new Helper.Served(
        union.name(),
        request.folders().openLowers(),
        shared,
        upper,
        request.point(),
        union.source());
  }

  /** Its paths lead through the open folder. */
  private static GuestUpper shared(UnionRecord union, OpenDirectory besides) {
    Path upper = besides.path().resolve(Objects.requireNonNull(union.upper()).getFileName());
    return new GuestUpper(upper, GuestUpper.folderFor(upper, union.name()));
  }

  @Override
  public void unmount(UnionRecord union, Mount mount) {
    Unmounter.unmount(union, mount);
    clear(union);
  }

  @Override
  public void clear(UnionRecord union) {
    if (union.isBind()) {
      return;
    }
    helper.clear(union.name());
    if (union.upper() != null) {
      try (OpenDirectory besides = OpenFolders.besidesOf(union)) {
        if (besides != null) {
          shared(union, besides).moveBack();
        }
      }
    }
  }

  @Override
  public Optional<String> problem(UnionRecord union) {
    return union.isBind() ? Optional.empty() : helper.problem(union.name());
  }

  /** What is still on its way through the union is written first. */
  @Override
  public Tree tree(UnionRecord union, List<Path> stack) {
    List<Mount> mounts = Mounts.all();
    if (!union.isBind() && UnionMounts.isServed(union, mounts) && problem(union).isEmpty()) {
      Core.sync(union.at());
      helper.flush(union.name());
    }
    return Tree.overlay(stack, false);
  }

  @Override
  public boolean upperIsLayer() {
    return true;
  }
}
