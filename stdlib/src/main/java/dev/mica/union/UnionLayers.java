package dev.mica.union;

import dev.mica.core.Core;
import dev.mica.core.LayerFlag;
import dev.mica.core.Mount;
import dev.mica.core.Mounts;
import dev.mica.core.OpenDirectory;
import dev.mica.core.Tree;
import dev.mica.failure.MicaException;
import dev.mica.state.LockedState;
import dev.mica.state.StateDir;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * The part of unions that only the commit store needs: what a union has changed becomes a layer.
 * Scripts cannot reach it through any object that they get.
 */
public final class UnionLayers {
  private final UnionStore store;

  /**
   * For the unions of {@code state}; {@code helper} serves those that another system has to serve.
   */
  public UnionLayers(StateDir state, Helper helper) {
    this.store = new UnionStore(state, helper);
  }

  /** The same for a caller that only asks what the unions stand on. */
  public UnionLayers(StateDir state) {
    this(state, new NoHelper());
  }

  /** The name of the union in the journal. */
  public static String object(String name) {
    return "union " + name;
  }

  /**
   * The name of a union that stands on {@code layer}, or will when it is made. Fails if a union's
   * record is damaged, because that union might.
   */
  public Optional<String> standingOn(LockedState locked, Path layer) {
    List<UnionRecord> unions = new ArrayList<>(store.all().complete());
    store.intended(locked).forEach(intent -> unions.add(intent.union()));
    return unions.stream()
        .filter(union -> union.lowers().stream().anyMatch(lower -> lower.startsWith(layer)))
        .map(UnionRecord::name)
        .findFirst();
  }

  /**
   * Called under the commit store's lock: the upper of a union becomes {@code layer}, a path in the
   * store, and the union goes on over it. Returns false, and does nothing, if something uses the
   * union or may use it.
   */
  public boolean rotate(String name, Path layer) {
    UnionRecord union = store.require(name);
    Mounter mounter = store.mounterOf(union);
    Optional<Mount> mount = UnionSetup.mounted(union);
    try (OpenFolders folders = OpenFolders.of(union)) {
      boolean rotated =
          mount.isPresent()
              ? mounter.rotate(folders, mount.get(), layer)
              : rotateUnmounted(folders, mounter, layer);
      if (rotated) {
        put(union, folders.besides(), layer);
      }
      return rotated;
    }
  }

  private static boolean rotateUnmounted(OpenFolders folders, Mounter mounter, Path layer) {
    UnionRecord union = folders.union();
    if (!mounter.upperIsLayer() || isInUse(folders)) {
      return false;
    }
    UnionSetup.rename(folders.upperByName(), layer);
    try (OpenDirectory moved = OpenDirectory.of(layer)) {
      if (!moved.identity().is(folders.upper().identity())) {
        UnionSetup.rename(layer, folders.upperByName());
        throw OpenFolders.another(
            union, "upper", folders.upperByName(), folders.upper().identity(), moved.identity());
      }
    }
    Core.makeUpper(layer, folders.upperByName());
    Core.syncDirectory(folders.besides().path());
    Core.protectLayer(layer, false);
    return true;
  }

  /** Whether an overlay uses it all the same, or may use it. */
  private static boolean isInUse(OpenFolders folders) {
    if (!Core.isPrivileged()) {
      return true;
    }
    Path trial = folders.besides().path().resolve("." + folders.union().name() + ".mica-trial");
    Core.remove(trial);
    Core.makeDirectoryLike(folders.upper().path(), trial);
    try {
      return Mounts.inUse(folders.upper().path(), trial).orElse(true);
    } finally {
      Core.remove(trial);
    }
  }

  /** Writes the record of the union once it is rotated. May be called again. */
  private void put(UnionRecord union, OpenDirectory besides, Path layer) {
    if (!union.lowers().getFirst().equals(layer)) {
      List<Path> lowers = new ArrayList<>(union.lowers());
      lowers.addFirst(layer);
      Path upper = requireUpper(union).getFileName();
      try (OpenDirectory top = OpenDirectory.of(layer);
          OpenDirectory fresh = besides.child(upper)) {
        Identities is = union.is().over(top.identity()).upper(fresh.identity());
        store.put(union.over(lowers, is));
      }
    }
  }

  /**
   * Ends a {@link #rotate} that was cut short, even if the host was rebooted since. Returns whether
   * the union is rotated then. May be called again.
   */
  public boolean recoverRotation(String name, Path layer) {
    UnionRecord union = store.require(name);
    Optional<Mount> mount = UnionSetup.mounted(union);
    boolean rotated =
        mount.isPresent()
            ? store.mounterOf(union).recoverRotation(union, mount.get(), layer)
            : Files.isDirectory(layer, LinkOption.NOFOLLOW_LINKS);
    if (rotated) {
      Core.protectLayer(layer, false);
      try (OpenDirectory besides = Objects.requireNonNull(OpenFolders.besidesOf(union))) {
        Path upper = besides.path().resolve(requireUpper(union).getFileName());
        if (!Files.exists(upper, LinkOption.NOFOLLOW_LINKS)) {
          Core.makeUpper(layer, upper);
          Core.syncDirectory(besides.path());
        }
        put(union, besides, layer);
      }
    }
    return rotated;
  }

  /**
   * Undoes a {@link #rotate} that was cut short: the layer becomes the union's upper again. It
   * fails and changes nothing if the union is mounted, because it may stand on the layer, or if
   * something was written to the fresh upper. May be called again.
   */
  public void discardRotation(String name, Path layer) {
    UnionRecord union = store.require(name);
    Path upper = requireUpper(union);
    try (OpenDirectory besides = Objects.requireNonNull(OpenFolders.besidesOf(union))) {
      if (Files.isDirectory(layer, LinkOption.NOFOLLOW_LINKS)) {
        giveBack(union, layer, besides.path().resolve(upper.getFileName()));
      }
      if (union.lowers().getFirst().equals(layer)) {
        try (OpenDirectory given = besides.child(upper.getFileName())) {
          Identities is = union.is().withoutTop().upper(given.identity());
          store.put(union.over(union.lowers().subList(1, union.lowers().size()), is));
        }
      }
    }
  }

  private static void giveBack(UnionRecord union, Path layer, Path upper) {
    if (UnionStore.isMounted(union)) {
      throw stays(union, layer, "is mounted, and may stand on it")
          .hint("unmount " + OpenDirectory.show(union.at().toString()) + " first, or keep it");
    }
    if (UnionSetup.holdsSomething(upper)) {
      throw stays(union, layer, "was written to since").hint("keep it");
    }
    UnionSetup.removeIfEmpty(upper);
    Core.unprotectLayer(layer);
    UnionSetup.rename(layer, upper);
  }

  private static MicaException stays(UnionRecord union, Path layer, String why) {
    return MicaException.failed("give back", layer, "the union " + union.name() + " " + why);
  }

  /**
   * Captures what the union's tree changes in its lowers. Returns the flags of files that the layer
   * lacks, for people; empty if it has all.
   */
  public String capture(String name, Path layer, Set<LayerFlag> flags) {
    return capture(name, folders -> Tree.layers(folders.lowers()), layer, flags);
  }

  /** The same with everything that the union's tree has, so that the layer needs no lowers. */
  public String copy(String name, Path layer, Set<LayerFlag> flags) {
    return capture(name, _ -> Tree.EMPTY, layer, flags);
  }

  private String capture(
      String name, Function<OpenFolders, Tree> over, Path layer, Set<LayerFlag> flags) {
    UnionRecord union = store.require(name);
    try (OpenFolders folders = OpenFolders.of(union)) {
      Tree tree = store.mounterOf(union).tree(union, folders.stack());
      return Core.capture(over.apply(folders), tree, layer, flags).toString();
    }
  }

  private static Path requireUpper(UnionRecord union) {
    if (union.upper() == null) {
      throw MicaException.failed("commit the union", union.name(), "it is read-only");
    }
    return union.upper();
  }
}
