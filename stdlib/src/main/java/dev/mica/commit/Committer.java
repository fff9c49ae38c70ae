package dev.mica.commit;

import dev.mica.core.Capability;
import dev.mica.core.Core;
import dev.mica.core.CoreError;
import dev.mica.core.Errno;
import dev.mica.core.LayerFlag;
import dev.mica.core.OpenDirectory;
import dev.mica.core.OverlayMount;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.state.LockedState;
import dev.mica.state.Recovery;
import dev.mica.state.StateDir;
import dev.mica.union.Union;
import dev.mica.union.UnionLayers;
import dev.mica.union.UnionSpec;
import dev.mica.union.Unions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;

/** Makes a commit of a union, moving as little as it can. */
final class Committer {
  private static final String ROTATE = "commit by rotation";
  private static final String CAPTURE = "commit by copy";
  private static final Set<Errno> NO_REFLINK =
      EnumSet.of(Errno.EOPNOTSUPP, Errno.EXDEV, Errno.EINVAL);

  private final StateDir state;
  private final Store store;
  private final Unions unions;
  private final UnionLayers layers;

  Committer(StateDir state, Store store, Unions unions, UnionLayers layers) {
    this.state = state;
    this.store = store;
    this.unions = unions;
    this.layers = layers;
    state.onLeftover(
        ROTATE,
        Recovery.of(CommitIntent::of, Committer::objects, this::recoverRotation)
            .keeping(this::keepRotation)
            .discarding(this::discardRotation));
    state.onLeftover(
        CAPTURE, Recovery.of(CommitIntent::of, Committer::objects, this::recoverCapture));
  }

  /**
   * Makes one.
   *
   * @param squash whether its one layer has the union's whole tree, and lies on nothing; then the
   *     union stays as it is
   */
  CommitRecord create(String unionName, Ref ref, String message, boolean squash) {
    String doing = "commit " + ref + " from the union " + unionName;
    String id = store.newId();
    try (LockedState locked = state.lock(doing, UnionLayers.object(unionName), Store.object(id))) {
      Union union = unions.get(unionName);
      Path upper = requireCommittable(union, ref, squash);
      CommitIntent intent = describe(union, id, ref, message);
      store.makeLayers();
      if (squash) {
        return capture(locked, intent.squashed(), union, upper);
      }
      if (oneFileSystem(upper, store.layers()) && rotate(locked, intent)) {
        return intent.commit();
      }
      return capture(locked, intent, union, upper);
    }
  }

  private static Path requireCommittable(Union union, Ref ref, boolean squash) {
    String doing = "commit " + ref + " from the union";
    if (union.upper().isEmpty()) {
      throw MicaException.failed(doing, union.name(), "it is read-only");
    }
    union
        .problem()
        .ifPresent(problem -> {
          throw MicaException.failed(doing, union.name(), problem);
        });
    if (!squash && union.lowers().size() >= OverlayMount.MOST_LOWERS) {
      throw MicaException.failed(
              doing,
              union.name(),
              "with this layer it would stand on " + OverlayMount.MOST_LOWERS + " others")
          .hint("squash it: --squash makes one layer of all");
    }
    if (!squash && union.diff().isEmpty()) {
      throw MicaException.failed(doing, union.name(), "nothing has changed in it");
    }
    return union.upper().orElseThrow().path();
  }

  private CommitIntent describe(Union union, String id, Ref ref, String message) {
    List<Path> stack = List.copyOf(union.lowers());
    CommitRecord commit = store.over(id, stack, message, union.name(), Commit.Method.ROTATE);
    return new CommitIntent(commit, ref.toString(), store.names().all().get(ref.toString()));
  }

  /**
   * Returns false, and changes nothing, if something uses the union or its upper cannot be renamed.
   */
  private boolean rotate(LockedState locked, CommitIntent intent) {
    return locked.run(
        ROTATE,
        intent.toJson(),
        () -> {
          if (!layers.rotate(intent.union(), layerOf(intent))) {
            return false;
          }
          store.publish(intent.commit(), intent.ref());
          return true;
        });
  }

  private static List<String> objects(CommitIntent intent) {
    return List.of(UnionLayers.object(intent.union()), Store.object(intent.commit().id()));
  }

  /**
   * Once the union goes on over the layer, somebody may have written to it: from there it is only
   * finished, not undone.
   */
  private void recoverRotation(CommitIntent intent) {
    if (layers.recoverRotation(intent.union(), layerOf(intent))) {
      store.publish(intent.commit(), intent.ref());
    } else {
      retract(intent);
    }
  }

  /**
   * Mounts nothing, makes nothing writable and gives nothing back: if the layer exists, the commit
   * stays.
   */
  private void keepRotation(CommitIntent intent) {
    if (store.hasLayer(intent.commit().id())) {
      store.publish(intent.commit(), intent.ref());
    } else {
      retract(intent);
    }
  }

  private void discardRotation(CommitIntent intent) {
    layers.discardRotation(intent.union(), layerOf(intent));
    retract(intent);
  }

  private void retract(CommitIntent intent) {
    store.retract(intent.commit(), intent.ref(), intent.refBefore());
  }

  private CommitRecord capture(LockedState locked, CommitIntent rotation, Union union, Path upper) {
    boolean reflink =
        union.via() != UnionSpec.Via.FUSE
            && oneFileSystem(upper, store.layers())
            && canReflink(locked);
    if (reflink) {
      try {
        return capture(locked, rotation.by(Commit.Method.REFLINK), union);
      } catch (MicaException refused) {
        if (!(refused.getCause() instanceof CoreError error)
            || !NO_REFLINK.contains(error.errno())) {
          throw refused;
        }
      }
    }
    return capture(locked, rotation.by(Commit.Method.COPY), union);
  }

  private boolean canReflink(LockedState locked) {
    try (OpenDirectory home = state.open()) {
      return locked.probe(home).contains(Capability.REFLINK);
    }
  }

  private CommitRecord capture(LockedState locked, CommitIntent intent, Union union) {
    Set<LayerFlag> flags =
        intent.commit().method() == Commit.Method.REFLINK
            ? EnumSet.of(LayerFlag.SYNC, LayerFlag.REFLINK_ONLY)
            : EnumSet.of(LayerFlag.SYNC);
    AtomicReference<String> unkept = new AtomicReference<>("");
    return locked.run(
        CAPTURE,
        () -> intent.over(store.names().all().get(intent.ref())).toJson(),
        () ->
            unkept.set(
                intent.commit().isWhole()
                    ? layers.copy(union.name(), layerOf(intent), flags)
                    : layers.capture(union.name(), layerOf(intent), flags)),
        () -> {
          Core.syncDirectory(store.layers());
          CommitRecord commit = intent.commit().without(unkept.get());
          store.publish(commit, intent.ref());
          return commit;
        });
  }

  private void recoverCapture(CommitIntent intent) {
    Optional<CommitRecord> recorded = recorded(intent);
    if (recorded.isPresent()) {
      store.publish(recorded.get(), intent.ref());
    } else {
      Core.discard(layerOf(intent));
    }
  }

  /**
   * If the record cannot be read, there is no commit; the union has everything that the copy has.
   */
  private Optional<CommitRecord> recorded(CommitIntent intent) {
    try {
      return store.commit(intent.commit().id());
    } catch (MicaException damaged) {
      retract(intent);
      return Optional.empty();
    }
  }

  private Path layerOf(CommitIntent intent) {
    return store.layers().resolve(intent.commit().id());
  }

  private static boolean oneFileSystem(Path a, Path b) {
    return device(a).equals(device(b));
  }

  private static Object device(Path path) {
    try {
      return Files.getAttribute(path, "unix:dev");
    } catch (IOException broken) {
      throw MicaException.failed("look at", path, Why.of(broken)).because(broken);
    }
  }
}
