package dev.mica.union;

import dev.mica.core.Capability;
import dev.mica.core.Core;
import dev.mica.core.Mount;
import dev.mica.core.MountFlag;
import dev.mica.core.Mounts;
import dev.mica.core.OpenDirectory;
import dev.mica.core.OverlayMount;
import dev.mica.core.Rotation;
import dev.mica.core.Tree;
import dev.mica.failure.MicaException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
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
  public Optional<Refusal> refusal(
      OpenDirectory place, Function<OpenDirectory, Set<Capability>> probe) {
    if (!Core.isPrivileged()) {
      return Optional.of(Refusal.toOthersThanRoot(Mounters.NEEDS_ROOT));
    }
    Set<Capability> missing = EnumSet.copyOf(NEEDED);
    missing.removeAll(probe.apply(place));
    if (missing.isEmpty()) {
      return Optional.empty();
    }
    String names = missing.stream().map(Mounters::word).collect(Collectors.joining(", "));
    return Optional.of(
        Refusal.because("the kernel's overlayfs cannot have its upper there (no " + names + ")"));
  }

  @Override
  public void mount(MountRequest request) {
    UnionRecord union = request.union();
    if (union.isBind()) {
      bind(request);
      return;
    }
    OpenFolders folders = request.folders();
    boolean writes = folders.hasUpper();
    if (writes) {
      requireFree(request);
    }
    Mounts.overlay(
        new OverlayMount(
            folders.lowers(),
            writes ? folders.upper().path() : null,
            writes ? request.requireWork().fresh() : null,
            request.at(),
            union.source(),
            writes ? Set.of() : EnumSet.of(MountFlag.RDONLY)));
  }

  static void bind(MountRequest request) {
    Mounts.bind(request.folders().lowers().getFirst(), request.at(), EnumSet.of(MountFlag.RDONLY));
  }

  /** Two overlays that write one upper destroy it, and not every mount is in a list. */
  private static void requireFree(MountRequest request) {
    WorkDirectory work = request.requireWork();
    Path trial = work.trial();
    Optional<Boolean> used = Mounts.inUse(request.folders().upper().path(), trial);
    Core.remove(trial);
    if (used.orElse(false)) {
      UnionRecord union = request.union();
      throw MicaException.failed(
              "mount the union " + union.name() + " at",
              union.at(),
              "its upper "
                  + union.upper()
                  + " is written by another overlay, mounted elsewhere (in another mount namespace,"
                  + " say) or held by a program that had a file of it open when it was unmounted")
          .hint("end what holds that one");
    }
  }

  @Override
  public void unmount(UnionRecord union, Mount mount) {
    Unmounter.unmount(union, mount);
  }

  /** The upper is the list of changes: it is looked at rather than the merged view. */
  @Override
  public Tree tree(UnionRecord union, List<Path> stack) {
    return Tree.layers(stack);
  }

  @Override
  public boolean upperIsLayer() {
    return true;
  }

  @Override
  public boolean rotate(OpenFolders folders, Mount mount, Path layer) {
    UnionRecord union = folders.union();
    if (hasCopies(mount)) {
      return false;
    }
    try (WorkDirectory work = WorkDirectory.of(union, folders.besides());
        OpenDirectory above = OpenDirectory.of(union.at().resolveSibling(""))) {
      Path fresh = work.fresh();
      Rotation rotation = rotation(folders, mount, above, layer, fresh, work.trial());
      boolean rotated =
          Mounts.rotate(rotation, false)
              || (isWrittenInTurns(union, mount) && Mounts.rotate(rotation, true));
      work.keepOnly(workOf(UnionMounts.at(union.at(), Mounts.all())));
      return rotated;
    }
  }

  private static Rotation rotation(
      OpenFolders folders, Mount mount, OpenDirectory above, Path layer, Path work, Path trial) {
    UnionRecord union = folders.union();
    return new Rotation(
        folders.lowers(),
        mount.id(),
        above.path().resolve(union.at().getFileName()),
        folders.upperByName(),
        folders.upper(),
        layer,
        work,
        trial,
        union.source());
  }

  /** Held, but by nobody for long. One that was mounted anew meanwhile was held unseen. */
  private static boolean isWrittenInTurns(UnionRecord union, Mount mount) {
    return UnionMounts.at(union.at(), Mounts.all())
            .filter(now -> now.id() == mount.id())
            .isPresent()
        && !MountHolders.stay(union.at());
  }

  private static Path workOf(Optional<Mount> mount) {
    return mount
        .flatMap(UsedPath::workOf)
        .orElseThrow(() -> new IllegalStateException("a mounted overlay has a work directory"));
  }

  /** What the kernel's mark would tell, too, but only when it is too late for that one. */
  private static boolean hasCopies(Mount mount) {
    try {
      return MountClones.stay(mount);
    } catch (IOException unreadable) {
      return true; // that another namespace has it cannot be ruled out
    }
  }

  @Override
  public boolean recoverRotation(UnionRecord union, Mount mount, Path layer) {
    try (OpenFolders folders = OpenFolders.lowersBut(union, layer);
        OpenDirectory besides = Objects.requireNonNull(OpenFolders.besidesOf(union));
        WorkDirectory work = WorkDirectory.of(union, besides);
        OpenDirectory above = OpenDirectory.of(union.at().resolveSibling(""))) {
      Path fresh = work.fresh();
      boolean rotated =
          Mounts.recoverRotation(
              new Rotation(
                  folders.lowers(),
                  mount.id(),
                  above.path().resolve(union.at().getFileName()),
                  besides.path().resolve(Objects.requireNonNull(union.upper()).getFileName()),
                  besides,
                  layer,
                  fresh,
                  work.trial(),
                  union.source()));
      work.keepOnly(workOf(UnionMounts.at(union.at(), Mounts.all())));
      return rotated;
    }
  }
}
