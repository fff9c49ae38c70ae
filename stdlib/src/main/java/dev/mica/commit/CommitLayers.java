package dev.mica.commit;

import dev.mica.core.Core;
import dev.mica.core.DiffReader;
import dev.mica.core.LayerFlag;
import dev.mica.core.OverlayMount;
import dev.mica.core.Tree;
import dev.mica.core.UnkeptFlags;
import dev.mica.failure.MicaException;
import dev.mica.state.LockedState;
import dev.mica.state.Recovery;
import dev.mica.state.StateDir;
import dev.mica.text.Printable;
import dev.mica.union.UnionLayers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The part of the commit store that only VMs need: a layer that they fill becomes a commit. Scripts
 * cannot reach it through any object that they get.
 */
public final class CommitLayers {
  private static final String FILL = "commit by snapshot";
  private static final String LOOK = "look at a snapshot";

  /**
   * Commits that are being made, and layers that are no commits: nobody removes what these lie on.
   */
  static final List<String> UNDER_WAY = List.of(FILL, LOOK);

  private final StateDir state;
  private final Store store;
  private final Verifier verifier;

  /** The layers of the store in {@code state}. */
  public CommitLayers(StateDir state) {
    this.state = state;
    this.store = new Store(state);
    this.verifier = new Verifier(state, store);
    state.onLeftover(
        FILL,
        Recovery.of(
            CommitIntent::of,
            intent -> List.of(Store.object(intent.commit().id())),
            this::recover));
    state.onLeftover(
        LOOK,
        Recovery.of(
            CommitIntent::of,
            intent -> List.of(Store.object(intent.commit().id())),
            intent -> Core.discard(store.layer(intent.commit().id()))));
  }

  /**
   * A commit that will be made.
   *
   * @param ref its name, {@code NAME:TAG} or {@code NAME}; "" if it has none
   * @param lowers what its layer lies on, topmost first
   * @param origin what it is made of: "the VM web"
   * @param own what it is made of changes in the configuration of the image that it lies on, as
   *     lines of a Dockerfile
   * @param changes what is changed then, as lines of a Dockerfile
   * @param squash whether it is one layer with the whole tree, which lies on nothing
   */
  public record Planned(
      String ref,
      String message,
      List<Path> lowers,
      String origin,
      List<String> own,
      List<String> changes,
      boolean squash) {
    /** Fails if there can be no such commit. */
    public Planned {
      lowers = List.copyOf(lowers);
      own = List.copyOf(own);
      changes = List.copyOf(changes);
      ImageConfig _ = ImageConfig.ofHost().changed(changes);
      ref = ref.isEmpty() ? ref : Ref.parse(ref).toString();
      if (!squash && lowers.size() >= OverlayMount.MOST_LOWERS) {
        throw MicaException.failed(
                "commit " + ref + " from",
                origin,
                "with this layer it would stand on " + OverlayMount.MOST_LOWERS + " others")
            .hint("squash it: --squash makes one layer of all");
      }
    }
  }

  /**
   * The filled layer of a commit.
   *
   * @param held how long the container was stopped for it
   * @param unkept the flags of files that it lacks, for people; empty if it has all
   */
  public record Filled(Duration held, String unkept) {
    /** A layer that lacks no flags. */
    public Filled(Duration held) {
      this(held, "");
    }
  }

  /**
   * Makes a commit of a layer. {@code fill} makes the layer, which is a folder that does not exist
   * yet, and flushes it. With squash, the commit has all that this layer and the lowers show, and
   * is compared with them. If that fails or the process is killed meanwhile, there is no commit and
   * no layer. The digest is recorded in the background.
   *
   * @return its id
   */
  public String commit(Planned planned, Function<Path, Filled> fill) {
    return commit(newId(), planned, fill);
  }

  /** An id that no commit has. */
  public String newId() {
    return store.newId();
  }

  /** The same, with an id that was chosen before. */
  public String commit(String id, Planned planned, Function<Path, Filled> fill) {
    make(id, planned, fill);
    verifier.startRecording();
    return id;
  }

  /**
   * Removes a commit that was made for something that does not exist any more. A commit to which
   * somebody gave a name stays. So does one on which something stands, or may stand because a
   * record is damaged. May be called again, and also if there is no such commit.
   *
   * @param others what else may stand on it, besides commits and unions
   */
  public void drop(String id, LayerUser others) {
    try (LockedState locked = state.lock("remove the commit " + id)) {
      if (store.hasRecord(id)) {
        if (!isForNobody(locked, id, new LayerUsers(store, new UnionLayers(state), others))) {
          return;
        }
        store.forgetCommit(id);
      }
      store.discard(id);
      if (!store.isNeeded(id)) {
        store.discardLayer(id);
        store.emptyTrash();
      }
    }
  }

  private boolean isForNobody(LockedState locked, String id, LayerUsers users) {
    try {
      CommitRecord commit = store.commit(id).orElseThrow();
      return !store.names().all().containsValue(id)
          && users.of(locked, commit, store.onlyOf(commit)).isEmpty();
    } catch (MicaException damaged) {
      return false; // a list of the commits shows it
    }
  }

  private String make(String id, Planned planned, Function<Path, Filled> fill) {
    String doing = "commit " + planned.ref() + " from " + planned.origin();
    try (LockedState locked = state.lock(doing, Store.object(id))) {
      store.makeLayers();
      CommitIntent intent = describe(planned, id);
      AtomicReference<@Nullable Filled> filled = new AtomicReference<>();
      return locked.run(
          FILL,
          () -> intent.over(store.names().all().get(intent.ref())).toJson(),
          () ->
              filled.set(
                  planned.squash()
                      ? squash(planned, fill, store.layer(id))
                      : fill.apply(store.layer(id))),
          () -> {
            Filled layer = Optional.ofNullable(filled.get()).orElseThrow();
            Core.syncDirectory(store.layers());
            store.publish(
                intent.commit().without(layer.unkept()).standingStill(layer.held()), intent.ref());
            return id;
          });
    }
  }

  /**
   * Makes a temporary layer with {@code fill}, and lets {@code use} look at it. The layer is a
   * folder that does not exist before. It is removed afterwards, also if one of the two fails or
   * the process is killed meanwhile. As long as it exists, no layer below it is removed.
   *
   * @param lowers what it lies on, topmost first
   * @param origin what it is made of: "the VM web"
   */
  public <T> T look(List<Path> lowers, String origin, Consumer<Path> fill, Function<Path, T> use) {
    String id = store.newId();
    try (LockedState locked = state.lock("look at " + origin, Store.object(id))) {
      store.makeLayers();
      CommitIntent intent =
          new CommitIntent(store.over(id, lowers, "", origin, Commit.Method.SNAPSHOT), "", null);
      Path layer = store.layer(id);
      AtomicReference<@Nullable T> result = new AtomicReference<>();
      return locked.run(
          LOOK,
          intent::toJson,
          () -> {
            fill.accept(layer);
            result.set(use.apply(layer));
            Core.discard(layer);
          },
          () -> Optional.ofNullable(result.get()).orElseThrow());
    }
  }

  private Filled squash(Planned planned, Function<Path, Filled> fill, Path layer) {
    AtomicReference<@Nullable Filled> filled = new AtomicReference<>();
    return look(
        planned.lowers(),
        planned.origin(),
        top -> filled.set(fill.apply(top)),
        top -> {
          Tree whole =
              Tree.layers(Stream.concat(Stream.of(top), planned.lowers().stream()).toList());
          Duration held = Optional.ofNullable(filled.get()).orElseThrow().held();
          return flatten(planned, whole, layer, held);
        });
  }

  private static Filled flatten(Planned planned, Tree whole, Path layer, Duration held) {
    UnkeptFlags unkept = Core.capture(Tree.EMPTY, whole, layer, EnumSet.of(LayerFlag.SYNC));
    try (DiffReader changes = Core.diff(whole, Tree.layers(List.of(layer)), true)) {
      if (changes.next()) {
        throw MicaException.failed(
            "commit " + planned.ref() + " from",
            planned.origin(),
            "the one layer differs from those that it was made of: "
                + Printable.of(changes.path()));
      }
    }
    return new Filled(held, unkept.toString());
  }

  /**
   * The configuration of the image that these layers are, topmost first; empty if they are none.
   */
  public Optional<ImageConfig> config(List<Path> lowers) {
    return store.topOf(lowers).flatMap(CommitRecord::config);
  }

  private CommitIntent describe(Planned planned, String id) {
    CommitRecord over =
        store.over(
            id, planned.lowers(), planned.message(), planned.origin(), Commit.Method.SNAPSHOT);
    ImageConfig config =
        over.config()
            .orElseGet(ImageConfig::ofHost)
            .changed(planned.own())
            .changed(planned.changes());
    CommitRecord commit = over.running(Optional.of(config));
    return new CommitIntent(
        planned.squash() ? commit.squashed() : commit,
        planned.ref(),
        store.names().all().get(planned.ref()));
  }

  /** A published layer stays; any other is removed, whatever it contains. */
  private void recover(CommitIntent intent) {
    if (store.hasRecord(intent.commit().id())) {
      store.publish(recorded(intent), intent.ref());
    } else {
      Core.discard(store.layer(intent.commit().id()));
      store.discard(intent.commit().id());
    }
  }

  /**
   * The record of the commit as it was published, because the note was written before that. If that
   * record is damaged, it is the one in the note.
   */
  private CommitRecord recorded(CommitIntent intent) {
    try {
      return store.commit(intent.commit().id()).orElse(intent.commit());
    } catch (MicaException damaged) {
      return intent.commit();
    }
  }
}
